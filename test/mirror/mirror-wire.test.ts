import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createGitDaemon } from '../../src/server/git-daemon.ts';
import type { MirrorService } from '../../src/server/mirrors/mirror-service.ts';
import { openNativeBackend, type NativeBackend } from '../../src/server/native-backend.ts';
import { RepositoryRoot } from '../../src/server/repository-root.ts';
import { MirrorAnswerDecoder } from '../../src/wire/mirrors/mirror-answer.ts';
import type { MirrorAnswer, MirrorQuery } from '../../src/wire/mirrors/mirror-list.ts';
import { encodeMirrorQuery } from '../../src/wire/mirrors/mirror-query.ts';
import { encodePacket } from '../../src/wire/pkt-line.ts';
import { gitVersions } from '../git-versions.ts';
import { makeRepository } from '../repositories/make-repository.ts';
import { Repository } from '../repositories/repository.ts';
import { makeTemporaryFolder, type TemporaryFolder } from '../repositories/temporary-folder.ts';
import { sendRaw, startGitFront, type GitFront } from '../serving/git-front.ts';
import { decodeMessage, packetsIn } from '../wire/chunking.ts';
import { runProgram } from './run-program.ts';

const answer: MirrorAnswer = {
  kind: 'list',
  list: { canonical: ['https://o.example/x'], prefer: 'now', mirrors: [{ url: 'https://m.example/x', region: 'FR' }] },
};
const versions = gitVersions();
const queries: MirrorQuery[] = [];

/** A service that has one list for everybody. */
const mirrors: MirrorService = {
  directoryFor: () => ({
    list: (query) => {
      queries.push(query);
      return Promise.resolve(answer);
    },
    notify: () => Promise.resolve({ kind: 'ignored' }),
  }),
  findByUrl: () => Promise.resolve({ kind: 'not-found', valid: [] }),
  describe: () => Promise.resolve(undefined),
  describeAll: () => Promise.resolve([]),
  steer: () => Promise.resolve(undefined),
  close: () => Promise.resolve(),
};

let folder: TemporaryFolder;
let source: Repository;
let native: NativeBackend;
let front: GitFront;
let daemon: ReturnType<typeof createGitDaemon>;
let daemonPort = 0;
let clones = 0;

beforeAll(async () => {
  folder = await makeTemporaryFolder();
  const root = join(folder.path, 'root');
  source = await makeRepository(join(root, 'a.git'), { commits: 10, branches: 2, tags: 3 });
  native = openNativeBackend({ workers: 1, cacheBytes: 0 });
  const repositories = new RepositoryRoot(root, { exportAll: true });
  front = await startGitFront({ repositories, backend: native.backend, mirrors });
  daemon = createGitDaemon({ repositories, upload: native.upload, mirrors });
  daemon.listen(0, '127.0.0.1');
  await once(daemon, 'listening');
  daemonPort = (daemon.address() as AddressInfo).port;
});
afterAll(async () => {
  await front.close();
  await new Promise((resolve) => daemon.close(resolve));
  await native.upload.close();
  await folder[Symbol.asyncDispose]();
});

const everyClient = versions.flatMap((git) => ([0, 1, 2] as const).map((protocol) => ({ ...git, protocol })));

describe('M5: stock clients notice nothing of mirrors', () => {
  it.each(everyClient)('git $version, protocol $protocol', async ({ program, protocol }) => {
    clones += 1;
    const ways = [[`${front.url}a.git`], [`git://127.0.0.1:${daemonPort}/a.git`]];
    // In version 2 the key says nothing: whoever wants the list sends the command.
    if (protocol === 2) ways.push([`${front.url}a.git`, '-c', 'http.extraHeader=Git-Protocol: version=2:mirror']);
    for (const [index, [url = '', ...flags]] of ways.entries()) {
      const config = ['-c', `protocol.version=${protocol}`, ...flags];
      const own = await runProgram(program, ['ls-remote', source.path], folder.path);
      expect(await runProgram(program, [...config, 'ls-remote', url], folder.path)).toEqual(own);
      const clone = new Repository(join(folder.path, `clone-${clones}-${index}.git`));
      const cloned = await runProgram(program, [...config, 'clone', '-q', '--mirror', url, clone.path], folder.path);
      expect(cloned).toEqual({ status: 0, stdout: '', stderr: '' });
      await source.commit('refs/heads/main');
      expect(await runProgram(program, [...config, 'fetch', '-q'], clone.path)).toMatchObject({
        status: 0,
        stderr: '',
      });
      expect(await clone.refs()).toEqual(await source.refs());
      await clone.git('fsck', '--strict');
    }
  });
});

describe('M5: a client that asks', () => {
  it('gets the list by the command, over HTTP and over git://', async () => {
    const request = encodeMirrorQuery({ limit: 1 }, ['agent=x/1']);
    const response = await fetch(`${front.url}a.git/git-upload-pack`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-git-upload-pack-request', 'git-protocol': 'version=2' },
      body: Buffer.from(request),
    });
    const bytes = new Uint8Array(await response.arrayBuffer());
    expect(decodeMessage(new MirrorAnswerDecoder(), [bytes])).toEqual(answer);
    const opening = encodePacket('git-upload-pack /a.git\0host=x\0\0version=2\0');
    const text = await sendRaw(daemonPort, Buffer.concat([opening, request, Buffer.from('0000')]));
    const [, after = ''] = text.split(/(?<=mirrors=list notify\n0000)/);
    expect(decodeMessage(new MirrorAnswerDecoder(), [Buffer.from(after, 'latin1')])).toEqual(answer);
    expect(queries.slice(-2)).toEqual([{ limit: 1 }, { limit: 1 }]);
  });

  it.each(['mirror', 'version=1:mirror', 'version=1, mirror'])('gets it behind the advertisement: %s', async (keys) => {
    const headers = { 'git-protocol': keys };
    const response = await fetch(`${front.url}a.git/info/refs?service=git-upload-pack`, { headers });
    const overHttp = packetsIn([new Uint8Array(await response.arrayBuffer())]);
    const parameters = keys.split(/:|, /).join('\0');
    const opening = encodePacket(`git-upload-pack /a.git\0host=x\0\0${parameters}\0`);
    const text = await sendRaw(daemonPort, Buffer.concat([opening, Buffer.from('0000')]));
    for (const packets of [overHttp, packetsIn([Buffer.from(text, 'latin1')])]) {
      const flushes = packets.flatMap(({ type }, index) => (type === 'flush' ? [index] : []));
      const decoder = new MirrorAnswerDecoder();
      const section = packets.slice((flushes.at(-2) ?? 0) + 1);
      expect(section.map((packet) => decoder.push(packet)).indexOf(true)).toBe(section.length - 1);
      expect(decoder.result()).toEqual(answer);
    }
  });

  it('may name the repository in the key, which the list then is of', async () => {
    await fetch(`${front.url}a.git/info/refs?service=git-upload-pack`, {
      headers: { 'git-protocol': 'version=1:mirror' },
    });
    expect(queries.at(-1)).toEqual({ url: undefined });
    await source.configure('mirror.canonicalUrl', 'https://o.example/x');
    const headers = { 'git-protocol': 'version=1:mirror:url=https%3A//o.example/x.git' };
    await fetch(`${front.url}a.git/info/refs?service=git-upload-pack`, { headers });
    expect(queries.at(-1)).toEqual({ url: 'https://o.example/x.git' });
  });
});
