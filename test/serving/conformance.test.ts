import { request as httpRequest } from 'node:http';
import { chmod, mkdir, readdir, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createGitHttpBackend } from '../../src/server/git-http-backend.ts';
import { openNativeBackend, type NativeBackend } from '../../src/server/native-backend.ts';
import { RepositoryRoot } from '../../src/server/repository-root.ts';
import { makeRepository } from '../repositories/make-repository.ts';
import { Repository } from '../repositories/repository.ts';
import { runGit } from '../repositories/run-git.ts';
import { makeTemporaryFolder, type TemporaryFolder } from '../repositories/temporary-folder.ts';
import { startGitFront, type GitFront } from './git-front.ts';

/** A request as it is put on the wire. */
interface RawRequest {
  readonly method?: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
  /** Send the body without its length. */
  readonly chunked?: boolean;
}

interface RawAnswer {
  readonly status: number;
  /** Names and values in the order they came in; those of the connection, and the time of day, left out. */
  readonly headers: readonly string[];
  readonly body: string;
}

let folder: TemporaryFolder;
let root: string;
let repository: Repository;
let native: NativeBackend;
let fronts: { readonly git: GitFront; readonly native: GitFront };

beforeAll(async () => {
  folder = await makeTemporaryFolder();
  root = join(folder.path, 'root');
  await mkdir(root);
  repository = await makeRepository(join(root, 'a.git'), { commits: 8, branches: 2, tags: 4 });
  await repository.git('repack', '-q', '-d', '-a');
  await repository.commit('refs/heads/main');
  await repository.git('update-ref', 'refs/tags/nested', await nestedTag());
  await repository.git('symbolic-ref', 'refs/heads/alias', 'refs/heads/main');
  await writeFile(join(repository.path, 'objects', 'info', 'alternates'), '../../../b.git/objects\n');
  await Repository.init(join(root, 'b.git'));
  await Repository.init(join(root, 'detached.git'));
  const other = await makeRepository(join(root, 'other.git'), { commits: 2 });
  await other.git('update-ref', '--no-deref', 'HEAD', 'refs/heads/main');
  await other.configure('http.getanyfile', 'false');
  const closed = await makeRepository(join(root, 'closed.git'), { commits: 2 });
  await closed.configure('http.uploadpack', 'false');
  // Git before 2.45 offers it always, later ones do not unless they are told to.
  for (const name of ['a', 'b'])
    await new Repository(join(root, `${name}.git`)).configure('transfer.advertiseObjectInfo', 'true');
  const sha256 = await Repository.init(join(root, 'sha256.git'), 'sha256');
  await sha256.commit('refs/heads/main');
  await sha256.configure('transfer.advertiseObjectInfo', 'true');
  native = openNativeBackend({ workers: 1, cacheBytes: 0 });
  const repositories = new RepositoryRoot(root, { exportAll: true });
  fronts = {
    git: await startGitFront({ repositories, backend: await createGitHttpBackend() }),
    native: await startGitFront({ repositories, backend: native.backend }),
  };
});

afterAll(async () => {
  await fronts.git.close();
  await fronts.native.close();
  await native.upload.close();
  await folder[Symbol.asyncDispose]();
});

async function nestedTag(): Promise<string> {
  const inner = await repository.git('rev-parse', 'refs/tags/v1');
  const content = `object ${inner}\ntype tag\ntag nested\ntagger A U Thor <a@example.com> 1700000000 +0000\n\nnested\n`;
  return runGit(['mktag'], { cwd: repository.path, input: content });
}

const volatile = new Set(['date', 'connection', 'keep-alive', 'transfer-encoding']);

async function ask(front: GitFront, raw: RawRequest): Promise<RawAnswer> {
  return new Promise((resolve, reject) => {
    const request = httpRequest(
      {
        host: '127.0.0.1',
        port: front.port,
        method: raw.method ?? 'GET',
        path: raw.path,
        headers: {
          ...raw.headers,
          ...(raw.body !== undefined && raw.chunked !== true
            ? { 'Content-Length': String(Buffer.byteLength(raw.body)) }
            : {}),
        },
      },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () => {
          const headers: string[] = [];
          for (let index = 0; index < response.rawHeaders.length; index += 2) {
            const name = response.rawHeaders[index] ?? '';
            if (volatile.has(name.toLowerCase())) continue;
            headers.push(`${name}: ${withoutClock(name, response.rawHeaders[index + 1] ?? '')}`);
          }
          const body = withoutAgent(Buffer.concat(chunks).toString('latin1'));
          resolve({ status: response.statusCode ?? 0, headers, body });
        });
      },
    );
    request.on('error', reject);
    if (raw.body !== undefined && raw.chunked === true) {
      const bytes = Buffer.from(raw.body);
      request.write(bytes.subarray(0, 5));
      request.write(bytes.subarray(5));
      request.end();
    } else request.end(raw.body);
  });
}

/** How the two call themselves, and the length of the packet or line around it, differ. */
function withoutAgent(body: string): string {
  return body
    .replace(/[0-9a-f]{4}(?=agent=)|(?<=agent=)\S+/g, '')
    .replace(/[0-9a-f]{4}(?=[0-9a-f]{40,64} [^\n]*\0)/g, '');
}

/** A year from now is not the same second for both. */
function withoutClock(name: string, value: string): string {
  return name === 'Expires' && !value.endsWith('GMT') ? value.replace(/\d\d:\d\d:\d\d/, 'time') : value;
}

async function both(raw: RawRequest): Promise<readonly [RawAnswer, RawAnswer]> {
  return Promise.all([ask(fronts.git, raw), ask(fronts.native, raw)]);
}

/** Both say the same, and it is this status. */
async function expectSame(raw: RawRequest, status: number): Promise<RawAnswer> {
  const [git, ours] = await both(raw);
  expect(git.status).toBe(status);
  expect(ours).toEqual(git);
  return git;
}

const uploadPack = { 'Content-Type': 'application/x-git-upload-pack-request' };
const v2 = { 'Git-Protocol': 'version=2' };
const lsRefs = '0014command=ls-refs\n00010009peel\n000csymrefs\n0000';
const pkt = (text: string): string => (text.length + 4).toString(16).padStart(4, '0') + text;

describe('the dumb protocol', () => {
  test.each([
    ['a.git/HEAD'],
    ['a/HEAD'],
    ['b.git/HEAD'],
    ['a.git/info/refs'],
    ['b.git/info/refs'],
    ['sha256.git/info/refs'],
    ['sha256.git/HEAD'],
    ['a.git/objects/info/packs'],
    ['b.git/objects/info/packs'],
    ['a.git/objects/info/alternates'],
    ['a.git/info/refs?x=1'],
  ])('GET /%s', async (path) => {
    const answer = await expectSame({ path: `/${path}` }, 200);
    const { body } = await ask(fronts.native, { path: `/${path}`, method: 'HEAD' });
    expect(body).toBe('');
    const [gitHead, ourHead] = await both({ path: `/${path}`, method: 'HEAD' });
    expect(ourHead).toEqual(gitHead);
    expect(ourHead).toEqual({ ...answer, body: '' });
  });

  test('the list of refs has tags peeled to the end, and leaves out HEAD', async () => {
    const { body } = await ask(fronts.native, { path: '/a.git/info/refs' });
    const commit = await repository.git('rev-parse', 'refs/tags/nested^{commit}');
    expect(body).toContain(`${commit}\trefs/tags/nested^{}\n`);
    expect(body).toContain('\trefs/heads/alias\n');
    expect(body).not.toContain('HEAD');
  });

  test('packs, indexes and loose objects come as they lie, to be cached forever', async () => {
    const names = await readdir(join(repository.path, 'objects', 'pack'));
    const pack = names.find((name) => name.endsWith('.pack')) ?? '';
    for (const path of [`/a.git/objects/pack/${pack}`, `/a.git/objects/pack/${pack.replace('.pack', '.idx')}`]) {
      const { headers } = await expectSame({ path }, 200);
      expect(headers.join('\n')).toMatch(
        /Expires: \w+, \d+ \w+ \d+ time \+0000\nCache-Control: public, max-age=31536000/,
      );
    }
    const tip = await repository.resolve('refs/heads/main');
    await expectSame({ path: `/a.git/objects/${tip.slice(0, 2)}/${tip.slice(2)}` }, 200);
    const sha256Tip = await new Repository(join(root, 'sha256.git')).resolve('refs/heads/main');
    await expectSame({ path: `/sha256.git/objects/${sha256Tip.slice(0, 2)}/${sha256Tip.slice(2)}` }, 200);
  });

  test.each([
    [`a.git/objects/00/${'0'.repeat(38)}`, 404],
    [`a.git/objects/pack/pack-${'0'.repeat(40)}.pack`, 404],
    [`a.git/objects/pack/pack-${'0'.repeat(40)}.idx`, 404],
    ['a.git/objects/info/http-alternates', 404],
    ['b.git/objects/info/alternates', 404],
    ['other.git/HEAD', 403],
    ['other.git/info/refs', 403],
    ['other.git/objects/info/packs', 403],
    [`other.git/objects/00/${'0'.repeat(38)}`, 403],
  ])('GET /%s is answered with %d', async (path, status) => {
    await expectSame({ path: `/${path}` }, status);
  });

  test('a detached HEAD names its object', async () => {
    const answer = await both({ path: '/other.git/HEAD' });
    expect(answer[1]).toEqual(answer[0]);
    await new Repository(join(root, 'other.git')).configure('http.getanyfile', 'true');
    const { body } = await expectSame({ path: '/other.git/HEAD' }, 200);
    expect(body).toMatch(/^[0-9a-f]{40}\n$/);
    await new Repository(join(root, 'other.git')).configure('http.getanyfile', 'false');
  });

  test('the newest pack comes first', async () => {
    const first =
      (await readdir(join(repository.path, 'objects', 'pack'))).find((name) => name.endsWith('.pack')) ?? '';
    await repository.git('repack', '-q', '-d');
    await utimes(join(repository.path, 'objects', 'pack', first), 1_600_000_000, 1_600_000_000);
    const { body } = await expectSame({ path: '/a.git/objects/info/packs' }, 200);
    expect(body.trimEnd().split('\n')).toHaveLength(2);
  });

  test('a stock client clones by the dumb protocol', async () => {
    const clone = join(folder.path, 'dumb.git');
    await rm(join(repository.path, 'objects', 'info', 'alternates'));
    const env = { GIT_SMART_HTTP: '0' };
    await runGit(['clone', '-q', '--mirror', `${fronts.native.url}a.git`, clone], { env });
    expect(await new Repository(clone).refs()).toEqual(await repository.refs());
    await new Repository(clone).git('fsck', '--strict');
  });

  test('a link that leads out of the repository is no file of it', async () => {
    const secret = join(folder.path, 'secret');
    await writeFile(secret, 'secret');
    await mkdir(join(root, 'b.git', 'objects', '11'), { recursive: true });
    await symlink(secret, join(root, 'b.git', 'objects', '11', '1'.repeat(38)));
    const answer = await ask(fronts.native, { path: `/b.git/objects/11/${'1'.repeat(38)}` });
    expect(answer.status).toBe(404);
    expect(answer.body).not.toContain('secret');
  });
});

describe('the smart protocol', () => {
  test.each([
    ['version 2', v2],
    ['version 1', { 'Git-Protocol': 'version=1' }],
    ['version 0', {}],
    ['a version that does not exist', { 'Git-Protocol': 'version=9' }],
    ['several versions', { 'Git-Protocol': 'version=1:version=2:x' }],
    ['languages', { ...v2, 'Accept-Language': 'de, *;q=0.9' }],
  ])('the advertisement with %s', async (_name, headers) => {
    // What git says of an empty repository in version 0 changed in 2.42.
    for (const name of headers === v2 ? ['a.git', 'b.git', 'sha256.git'] : ['a.git', 'sha256.git']) {
      await expectSame({ path: `/${name}/info/refs?service=git-upload-pack`, headers }, 200);
    }
  });

  test.each([
    ['with its length', {}],
    ['in chunks', { chunked: true }],
    ['compressed', { body: gzipSync(lsRefs), headers: { ...uploadPack, ...v2, 'Content-Encoding': 'gzip' } }],
    [
      'compressed, by the old name',
      { body: gzipSync(lsRefs), headers: { ...uploadPack, ...v2, 'Content-Encoding': 'x-gzip' } },
    ],
    [
      'compressed and in chunks',
      { body: gzipSync(lsRefs), chunked: true, headers: { ...uploadPack, ...v2, 'Content-Encoding': 'gzip' } },
    ],
    ['after asking whether to go on', { headers: { ...uploadPack, ...v2, Expect: '100-continue' } }],
  ])('a request %s', async (_name, change) => {
    const { body } = await expectSame(
      { method: 'POST', path: '/a.git/git-upload-pack', headers: { ...uploadPack, ...v2 }, body: lsRefs, ...change },
      200,
    );
    expect(body).toContain('refs/heads/main');
  });

  test.each([
    ['version 2', v2],
    ['version 0', {}],
  ])('an empty request, as clients send it to learn whether they may, with %s', async (_name, headers) => {
    const { body } = await expectSame(
      { method: 'POST', path: '/a.git/git-upload-pack', headers: { ...uploadPack, ...headers }, body: '0000' },
      200,
    );
    expect(body).toBe('');
  });

  test.each([
    ['another type', { 'Content-Type': 'text/plain' }],
    ['no type', {}],
    ['a parameter', { 'Content-Type': 'application/x-git-upload-pack-request; charset=utf-8' }],
  ])('a body of %s is refused', async (_name, headers) => {
    await expectSame({ method: 'POST', path: '/a.git/git-upload-pack', headers, body: '0000' }, 415);
  });

  test('a request for an object that is not there is answered in the protocol', async () => {
    const want = pkt(`want ${'1'.repeat(40)}\n`);
    const body = `${pkt('command=fetch')}0001${pkt('thin-pack')}${want}${pkt('done\n')}0000`;
    const answer = await expectSame(
      { method: 'POST', path: '/a.git/git-upload-pack', headers: { ...uploadPack, ...v2 }, body },
      200,
    );
    expect(answer.body).toContain('ERR upload-pack: not our ref');
  });

  test.each([
    ['GET', '/closed.git/info/refs?service=git-upload-pack', 403],
    ['POST', '/closed.git/git-upload-pack', 403],
    ['GET', '/a.git/info/refs?service=git-receive-pack', 403],
    ['POST', '/a.git/git-receive-pack', 403],
    ['GET', '/a.git/info/refs?service=git-upload-archive', 403],
    ['GET', '/a.git/info/refs?service=upload-pack', 403],
    ['GET', '/x.git/info/refs?service=git-upload-pack', 404],
    ['GET', '/a.git/config', 404],
    ['PUT', '/a.git/info/refs', 405],
    ['GET', '/a.git/git-upload-pack', 405],
    ['POST', '/a.git/HEAD', 405],
    ['DELETE', '/x.git/HEAD', 405],
  ])('%s %s is answered with %d', async (method, path, status) => {
    const body = method === 'POST' ? '0000' : undefined;
    const answer = await expectSame(
      { method, path, headers: uploadPack, ...(body === undefined ? {} : { body }) },
      status,
    );
    expect(answer.headers.slice(status === 405 ? 1 : 0, 3 + (status === 405 ? 1 : 0))).toEqual([
      'Expires: Fri, 01 Jan 1980 00:00:00 GMT',
      'Pragma: no-cache',
      'Cache-Control: no-cache, max-age=0, must-revalidate',
    ]);
    if (status === 405) expect(answer.headers[0]).toMatch(/^Allow: (?:GET, HEAD|POST)$/);
  });

  test('what is no request is a 400 that says so', async () => {
    const post = (body: string | Uint8Array, headers: Readonly<Record<string, string>> = {}): Promise<RawAnswer> =>
      ask(fronts.native, {
        method: 'POST',
        path: '/a.git/git-upload-pack',
        headers: { ...uploadPack, ...v2, ...headers },
        body,
      });
    for (const answer of [
      await post('this is not a pkt-line'),
      await post(lsRefs.slice(0, 30)),
      await post('no gzip', { 'Content-Encoding': 'gzip' }),
      await post(gzipSync(lsRefs).subarray(0, 20), { 'Content-Encoding': 'gzip' }),
    ]) {
      expect(answer.status).toBe(400);
      expect(answer.body).toMatch(/^.+\n$/);
    }
  });

  test('a repository that cannot be read is a 500 that tells nothing of this machine', async () => {
    await Repository.init(join(root, 'broken.git'));
    await writeFile(join(root, 'broken.git', 'config'), '[core\n');
    const answer = await ask(fronts.native, { path: '/broken.git/info/refs?service=git-upload-pack' });
    expect(answer.status).toBe(500);
    expect(answer.body).not.toContain(root);
    await chmod(join(root, 'broken.git', 'config'), 0o644);
  });
});
