import { execFile } from 'node:child_process';
import { connect } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { encodeMirrorKeys } from '../../../src/wire/mirrors/git-protocol-keys.ts';
import { encodePacket } from '../../../src/wire/pkt-line.ts';
import { gitVersions } from '../../git-versions.ts';
import { makeRepository } from '../../repositories/make-repository.ts';
import type { Repository } from '../../repositories/repository.ts';
import { runGit } from '../../repositories/run-git.ts';
import { makeTemporaryFolder, type TemporaryFolder } from '../../repositories/temporary-folder.ts';
import { startHttpBackend } from '../../servers/http-backend.ts';
import { askMirrors, getJson, pathIn, serveFolder, type ServedFolder } from './served-folder.ts';

const run = promisify(execFile);
const unknownUrl = 'https://elsewhere.example.org/z.git';

let folder: TemporaryFolder;
let ends: (() => Promise<void>)[] = [];
/** The origin behind git's own server, and our server with copies of it. */
let original: Repository;
let originUrl: string;
let server: ServedFolder;
let clones = 0;

beforeAll(async () => {
  folder = await makeTemporaryFolder();
  const root = join(folder.path, 'origin');
  original = await makeRepository(join(root, 'x.git'), { commits: 6, branches: 2, tags: 3 });
  const web = await startHttpBackend({ root });
  ends.push(() => web.close());
  originUrl = `${web.url}/x.git`;
  server = await serveFolder(join(folder.path, 'copies'));
  ends.push(() => server.close());
  await runGit(['clone', '-q', originUrl, pathIn(server, 'work/checkout')]);
  await runGit(['-C', pathIn(server, 'work/checkout'), 'config', 'mirror.advertise', 'true']);
  // Something of its own, which is nobody's business.
  await runGit(['-C', pathIn(server, 'work/checkout'), 'branch', 'private', 'HEAD~1']);
  const other = await makeRepository(pathIn(server, 'other.git'), { commits: 2, seed: 7 });
  await other.configure('mirror.advertise', 'true');
  await other.configure('mirror.canonicalUrl', 'https://origin.example.org/other.git');
  const silent = await makeRepository(pathIn(server, 'silent.git'), { commits: 2, seed: 8 });
  await silent.configure('remote.origin.url', 'https://origin.example.org/silent.git');
});
afterAll(async () => {
  for (const end of ends.reverse()) await end();
  ends = [];
  await folder[Symbol.asyncDispose]();
});

const key = (url: string): string => encodeMirrorKeys({ asksForMirrors: false, url });

/** Clones with stock git, which says `url=` because it is told to by configuration. */
async function cloneByUrl(from: string, url: string, version: string): Promise<Map<string, string>> {
  clones += 1;
  const target = join(folder.path, `clone-${String(clones)}.git`);
  const isHttp = from.startsWith('http');
  const header = isHttp ? ['-c', `http.extraHeader=Git-Protocol: ${key(url)}`] : [];
  await runGit([...header, '-c', `protocol.version=${version}`, 'clone', '-q', '--mirror', from, target], {
    env: isHttp ? {} : { GIT_PROTOCOL: `version=${version}:${key(url)}` },
  });
  const lines = await runGit(['-C', target, 'for-each-ref', '--format=%(objectname) %(refname)']);
  return new Map(lines.split('\n').map((line) => line.split(' ', 2).reverse() as [string, string]));
}

describe('M6: a repository by the URL of its origin', () => {
  test.each(['0', '1', '2'])(
    'a plain clone is served as a mirror of its origin, under any path, protocol %s',
    async (version) => {
      const expected = await original.refs();
      for (const path of ['work/checkout', 'not/there.git', 'other.git']) {
        expect(await cloneByUrl(server.url + path, originUrl, version)).toEqual(expected);
      }
    },
  );

  test('by its path alone it is what it is', async () => {
    const refs = await runGit(['ls-remote', `${server.url}work/checkout`]);
    expect(refs).toContain('refs/heads/private');
    expect(refs).toContain('refs/remotes/origin/topic-1');
  });

  test.each(gitVersions().map(({ family, program }) => [family, program] as const))(
    'git %s sees the refs of the origin',
    async (_family, program) => {
      const header = `http.extraHeader=Git-Protocol: ${key(originUrl)}`;
      const listed = await run(program, ['-c', header, 'ls-remote', `${server.url}nowhere`]);
      const direct = await run(program, ['ls-remote', originUrl]);
      expect(listed.stdout).toBe(direct.stdout);
      expect(listed.stdout).toContain('refs/tags/v1');
    },
  );

  test('over git:// with our own client, whatever the path', async () => {
    const answer = await askMirrors(`${server.gitUrl}work/checkout`, { url: originUrl });
    expect(answer).toMatchObject({ kind: 'list', list: { canonical: [originUrl] } });
  });

  test.each([1, 2])('over git:// by a key of the first packet, protocol %i', async (version) => {
    const { port } = new URL(server.gitUrl);
    const socket = connect(Number(port), '127.0.0.1');
    const extra = `\0version=${String(version)}\0${key(originUrl)}\0`;
    socket.write(encodePacket(`git-upload-pack /nowhere.git\0host=127.0.0.1\0${extra}`));
    if (version === 2) socket.write(`${Buffer.from(encodePacket('command=ls-refs\n')).toString()}00010000`);
    socket.write('0000');
    let text = '';
    for await (const chunk of socket) text += String(chunk);
    for (const [name, oid] of await original.refs()) expect(text).toContain(`${oid} ${name}`);
    expect(text).not.toContain('refs/remotes');
  });

  test('a repository that says nothing of mirrors is found by its path only', async () => {
    const url = 'https://origin.example.org/silent.git';
    await expect(cloneByUrl(`${server.url}nowhere.git`, url, '2')).rejects.toThrow(/not found/i);
    expect(await cloneByUrl(`${server.url}silent.git`, url, '2')).toBeDefined();
  });

  test('a URL that is not known: those that would be are said', async () => {
    const valid = ['https://origin.example.org/other.git', originUrl];
    expect(await askMirrors(`${server.url}other.git`, { url: unknownUrl })).toEqual({ kind: 'not-found', valid });
    expect(await getJson(`${server.url}other.git/info/mirrors?url=${unknownUrl}`)).toMatchObject({
      status: 404,
      body: { notFound: true, valid },
    });
    await expect(cloneByUrl(`${server.url}nowhere.git`, unknownUrl, '2')).rejects.toThrow(
      /There are: https:\/\/origin\.example\.org\/other\.git/,
    );
    // Nobody gets another repository than the one that was asked for.
    await expect(cloneByUrl(`${server.url}other.git`, unknownUrl, '2')).rejects.toThrow(/no copy of/);
  });

  test('mirrors may be asked of any path for any URL', async () => {
    const answer = await askMirrors(`${server.url}other.git`, { url: originUrl });
    expect(answer).toMatchObject({ kind: 'list', list: { canonical: [originUrl] } });
    const twin = await getJson(`${server.url}some/path/info/mirrors?url=${encodeURIComponent(originUrl)}`);
    expect(twin).toMatchObject({ status: 200, body: { canonical: [originUrl] } });
  });

  test('pushes never go by a URL', async () => {
    const target = join(folder.path, 'pushing.git');
    await runGit(['clone', '-q', '--mirror', originUrl, target]);
    await expect(
      runGit([
        '-C',
        target,
        '-c',
        `http.extraHeader=Git-Protocol: ${key(originUrl)}`,
        'push',
        `${server.url}nowhere.git`,
        'main',
      ]),
    ).rejects.toThrow(/not found/i);
  });
});

describe('M6: two repositories of one URL', () => {
  test('the one that calls itself so wins; a path that is one of them wins over both', async () => {
    const own = await serveFolder(join(folder.path, 'two'));
    ends.push(() => own.close());
    const url = 'https://origin.example.org/two.git';
    const copy = await makeRepository(pathIn(own, 'a-copy.git'), { commits: 2, seed: 11 });
    await copy.configure('mirror.advertise', 'true');
    await copy.configure('remote.origin.url', url);
    const itself = await makeRepository(pathIn(own, 'z-itself.git'), { commits: 2, seed: 12 });
    await itself.configure('mirror.advertise', 'true');
    await itself.configure('mirror.canonicalUrl', url);
    expect(await cloneByUrl(`${own.url}nowhere.git`, url, '2')).toEqual(await itself.refs());
    expect(await cloneByUrl(`${own.url}a-copy.git`, url, '2')).toEqual(await copy.refs());
  });
});
