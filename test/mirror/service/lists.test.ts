import { appendFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { decodeMirrorDocument } from '../../../src/wire/mirrors/mirror-document.ts';
import type { MirrorList } from '../../../src/wire/mirrors/mirror-list.ts';
import { makeRepository } from '../../repositories/make-repository.ts';
import type { Repository } from '../../repositories/repository.ts';
import { runGit } from '../../repositories/run-git.ts';
import { makeTemporaryFolder, type TemporaryFolder } from '../../repositories/temporary-folder.ts';
import { askMirrors, getJson, serveFolder, type ServedFolder } from './served-folder.ts';

let folder: TemporaryFolder;
let server: ServedFolder;
let next = 0;
let ends: (() => Promise<void>)[] = [];

beforeAll(async () => {
  folder = await makeTemporaryFolder();
  server = await serveFolder(join(folder.path, 'root'), { mirrors: { trustedProxies: ['127.0.0.1'] } });
});
afterEach(async () => {
  for (const end of ends.reverse()) await end();
  ends = [];
});
afterAll(async () => {
  await server.close();
  await folder[Symbol.asyncDispose]();
});

/** A repository with these settings, several values of a key one after another. */
async function repository(
  settings: Readonly<Record<string, string | readonly string[]>> = {},
): Promise<{ readonly name: string; readonly url: string; readonly repository: Repository }> {
  next += 1;
  const name = `r${String(next)}.git`;
  const made = await makeRepository(join(server.root, name), { commits: 2, tags: 1 });
  for (const [key, values] of Object.entries({ 'mirror.advertise': 'true', ...settings })) {
    for (const value of [values].flat()) await made.git('config', '--add', key, value);
  }
  return { name, url: server.url + name, repository: made };
}

async function listOf(...args: Parameters<typeof askMirrors>): Promise<MirrorList> {
  const answer = await askMirrors(...args);
  if (answer.kind !== 'list') throw new Error('no list');
  return answer.list;
}

const urlsOf = ({ mirrors }: MirrorList): readonly string[] => mirrors.map(({ url }) => url);

describe('M5: lists of mirrors', () => {
  test('nothing is said without mirror.advertise, and stock git sees no difference', async () => {
    const { url, repository: made } = await repository({
      'mirror.advertise': 'false',
      'mirror.mirrorUrl': 'https://a.example.org/x.git',
    });
    expect(await getJson(`${url}/info/mirrors`)).toMatchObject({ status: 404 });
    const trace = await runGit(['-c', 'protocol.version=2', 'ls-remote', url], { env: { GIT_TRACE_PACKET: '2' } });
    expect(trace).toContain(await made.resolve('refs/heads/main'));
    await expect(askMirrors(url)).rejects.toMatchObject({ code: 'GM_PROTOCOL' });
  });

  test('says what the configuration says, in the same words over v2, git:// and JSON', async () => {
    const { name, url } = await repository({
      'mirror.canonicalUrl': ['https://origin.example.org/x.git', 'git@origin.example.org:x.git'],
      'mirror.mirrorUrl': [
        'https://a.example.org/x.git region=DE stratum=1',
        'git://b.example.org/x.git',
        'ssh://c.example.org/x',
      ],
      'mirror.preferMirrors': 'always',
    });
    const list = await listOf(url);
    expect(list).toMatchObject({
      canonical: ['https://origin.example.org/x.git', 'git@origin.example.org:x.git'],
      prefer: 'always',
      mirrors: [
        { url: 'https://a.example.org/x.git', region: 'DE', stratum: 1, state: 'unknown' },
        { url: 'git://b.example.org/x.git', state: 'unknown' },
        { url: 'ssh://c.example.org/x', state: 'unknown' },
      ],
    });
    expect(list.more).toBeUndefined();
    expect(await listOf(server.gitUrl + name)).toEqual(list);
    const { status, body } = await getJson(`${url}/info/mirrors`);
    const document = decodeMirrorDocument(Buffer.from(JSON.stringify(body)));
    expect(status).toBe(200);
    expect(document).toMatchObject({
      answer: { kind: 'list' },
      url,
      digest: expect.stringMatching(/^[0-9a-f]{64}$/) as string,
    });
    expect(document.answer).toEqual({ kind: 'list', list });
  });

  test('pages follow each other, also in a random order', async () => {
    const all = Array.from({ length: 25 }, (_, index) => `https://m${String(index)}.example.org/x.git`);
    const { url } = await repository({ 'mirror.mirrorUrl': all, 'mirror.policy': 'random', 'mirror.limit': '7' });
    const seen: string[] = [];
    let after: string | undefined;
    for (let page = 0; page < 4; page++) {
      const list = await listOf(url, { limit: 7, after });
      seen.push(...urlsOf(list));
      expect(list.more?.count ?? 0).toBe(25 - seen.length);
      after = list.more?.cursor;
    }
    expect(after).toBeUndefined();
    expect([...seen].sort()).toEqual([...all].sort());
    expect(seen).not.toEqual(all);
    // Nobody gets more than the repository says, and a cursor of nobody's begins anew.
    expect((await listOf(url, { limit: 1000, after: 'nonsense' })).mirrors).toHaveLength(7);
    expect(await listOf(url, { limit: 0 })).toMatchObject({ mirrors: [], more: { count: 25 } });
  });

  test('leaves out what a client does not speak', async () => {
    const { url } = await repository({
      'mirror.mirrorUrl': ['https://a.example.org/x.git', 'git://b.example.org/x.git', 'http://c.example.org/x.git'],
    });
    expect(urlsOf(await listOf(url, { protocols: ['git', 'http'] }))).toEqual([
      'git://b.example.org/x.git',
      'http://c.example.org/x.git',
    ]);
    const { body } = await getJson(`${url}/info/mirrors?protocols=https`);
    expect(body).toMatchObject({ mirrors: [{ url: 'https://a.example.org/x.git' }] });
  });

  test('calls a copy by the URL of what it is a copy of, and never by a path or with a password', async () => {
    const { url: own } = await repository();
    expect((await listOf(own)).canonical).toEqual([own]);
    const copy = await repository({ 'remote.origin.url': 'https://user:secret@origin.example.org/y.git' });
    expect((await listOf(copy.url)).canonical).toEqual(['https://origin.example.org/y.git']);
    const local = await repository({ 'remote.origin.url': '/srv/git/secret-name.git' });
    expect((await listOf(local.url)).canonical).toEqual([local.url]);
  });

  test('10,000 mirrors: a page of them, one after another to the end of the first hundred', async () => {
    const { url, repository: made } = await repository({ 'mirror.limit': '20' });
    const lines = Array.from(
      { length: 10_000 },
      (_, index) => `\tmirrorUrl = https://m${String(index)}.example.org/x.git region=DE\n`,
    );
    await appendFile(join(made.path, 'config'), `[mirror]\n${lines.join('')}`);
    let list = await listOf(url);
    expect(list.more?.count).toBe(9980);
    for (let page = 1; page < 5; page++) list = await listOf(url, { after: list.more?.cursor });
    expect(urlsOf(list)[0]).toBe('https://m80.example.org/x.git');
    expect(list.mirrors).toHaveLength(20);
    expect(list.more?.count).toBe(9900);
  });

  test.each([
    ['mirror.mirrorUrl', 'file:///etc/passwd'],
    ['mirror.mirrorUrl', 'ext::sh -c x'],
    ['mirror.mirrorUrl', 'https://a.example.org/x.git colour=blue'],
    ['mirror.canonicalUrl', '--upload-pack=x'],
    ['mirror.limit', '0'],
    ['mirror.limit', '100000'],
    ['mirror.preferMirrors', 'sometimes'],
    ['mirror.policy', 'nearest'],
  ])(
    'a setting that makes no sense is said to whoever asks for mirrors, and fetches go on: %s=%s',
    async (key, value) => {
      const { url, repository: made } = await repository({ [key]: value });
      expect((await getJson(`${url}/info/mirrors`)).status).toBe(500);
      const listed = await runGit(['ls-remote', url]);
      expect(listed).toContain(await made.resolve('refs/heads/main'));
    },
  );

  test('a boolean that is none is logged, and fetches go on', async () => {
    const { url } = await repository({ 'mirror.advertise': 'maybe' });
    expect(await runGit(['ls-remote', url])).toContain('refs/heads/main');
    expect(server.warnings.join('\n')).toContain('mirror.advertise');
  });

  test.each(['limit=x', 'limit=-1', 'after=a%20b', 'protocols=', 'url=%00'])(
    'refuses a query that makes no sense: %s',
    async (query) => {
      const { url } = await repository();
      expect((await getJson(`${url}/info/mirrors?${query}`)).status).toBe(400);
    },
  );
});

describe('M8: .well-known/git-mirrors', () => {
  test('names the repositories that speak of mirrors, or the one that is asked for', async () => {
    const own = await serveFolder(join(folder.path, 'known'));
    ends.push(() => own.close());
    for (const [name, advertise] of [
      ['a.git', 'true'],
      ['b.git', 'true'],
      ['silent.git', 'false'],
    ] as const) {
      const made = await makeRepository(join(own.root, name));
      await made.configure('mirror.advertise', advertise);
      await made.configure('mirror.canonicalUrl', `https://origin.example.org/${name}`);
    }
    const all = await getJson(`${own.url}.well-known/git-mirrors`);
    expect(all.status).toBe(200);
    expect(all.body).toMatchObject({
      repositories: [
        { canonical: ['https://origin.example.org/a.git'], url: `${own.url}a.git`, mirrors: [] },
        { canonical: ['https://origin.example.org/b.git'], url: `${own.url}b.git`, mirrors: [] },
      ],
    });
    expect(JSON.stringify(all.body)).not.toContain('silent');
    const one = await getJson(`${own.url}.well-known/git-mirrors?url=https://ORIGIN.example.org/b`);
    expect(one).toMatchObject({ status: 200, body: { canonical: ['https://origin.example.org/b.git'] } });
    const none = await getJson(`${own.url}.well-known/git-mirrors?url=https://origin.example.org/silent.git`);
    expect(none).toMatchObject({
      status: 404,
      body: { notFound: true, valid: ['https://origin.example.org/a.git', 'https://origin.example.org/b.git'] },
    });
  });
});
