import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { readdir, readFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { request as httpRequest } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createSampleRepository, git, listRefs } from '../../test/servers/sample-repository.ts';
import { startGitFront, type GitFront } from '../../test/serving/git-front.ts';
import { createGitHttpBackend, type BackendWarning } from './git-http-backend.ts';
import type { RequestRecord } from './request-record.ts';
import { RepositoryTable } from './repository-table.ts';

const run = promisify(execFile);

let dir: string;
let source: string;
let front: GitFront;
let warnings: BackendWarning[];
let records: RequestRecord[];

async function serve(env: NodeJS.ProcessEnv = process.env): Promise<void> {
  const table = new RepositoryTable(join(dir, 'root'));
  table.set({ name: 'group/a.git', directory: source, state: 'ready' });
  front = await startGitFront({
    repositories: table,
    backend: await createGitHttpBackend({ env, onWarning: (warning) => warnings.push(warning) }),
    onRequest: (record) => records.push(record),
  });
}

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'git-mirror-backend-'));
  source = join(dir, 'root', 'a.git');
  warnings = [];
  records = [];
  await createSampleRepository(source);
});
afterEach(async () => {
  await front.close();
  await rm(dir, { recursive: true, force: true });
});

describe('stock git against the backend', () => {
  test.each(['0', '1', '2'])('clones and fetches with protocol version %s', async (version) => {
    await serve();
    const clone = join(dir, 'clone.git');
    const protocol = ['-c', `protocol.version=${version}`];
    await git([...protocol, 'clone', '-q', '--mirror', `${front.url}group/a.git`, clone]);
    expect(await listRefs(clone)).toEqual(await listRefs(source));
    await git(['-C', source, 'update-ref', 'refs/heads/new', 'refs/heads/main']);
    await git(['-C', source, 'update-ref', 'refs/heads/main', await commitOnto('refs/heads/main')]);
    await git([...protocol, '-C', clone, 'fetch', '-q']);
    expect(await listRefs(clone)).toEqual(await listRefs(source));
    await git(['-C', clone, 'fsck', '--strict']);
    expect(warnings).toEqual([]);
  });

  test('a name works without .git, with a trailing slash, shallow and partial', async () => {
    await serve();
    await git(['-C', source, 'config', 'uploadpack.allowFilter', 'true']);
    await git(['clone', '-q', `${front.url}group/a`, join(dir, 'plain')]);
    await git(['clone', '-q', '--depth=1', `${front.url}group/a.git/`, join(dir, 'shallow')]);
    await git(['clone', '-q', '--bare', '--filter=blob:none', `${front.url}group/a.git`, join(dir, 'partial')]);
    expect(await git(['-C', join(dir, 'shallow'), 'rev-list', '--count', 'HEAD'])).toBe('1');
    expect(await git(['-C', join(dir, 'plain'), 'rev-list', '--count', 'HEAD'])).toBe('2');
  });

  test('the dumb protocol works too', async () => {
    await serve();
    await git(['clone', '-q', '--mirror', `${front.url}group/a.git`, join(dir, 'dumb.git')], {
      ...process.env,
      GIT_SMART_HTTP: '0',
    });
    expect(await listRefs(join(dir, 'dumb.git'))).toEqual(await listRefs(source));
  });

  test('a push is refused, even where the repository itself would take it', async () => {
    await serve();
    await git(['-C', source, 'config', 'http.receivepack', 'true']);
    const before = await listRefs(source);
    await git(['clone', '-q', `${front.url}group/a.git`, join(dir, 'work')]);
    const push = run('git', ['-C', join(dir, 'work'), 'push', 'origin', 'HEAD:refs/heads/x']);
    await expect(push).rejects.toThrow(/403/);
    const post = await fetch(`${front.url}group/a.git/git-receive-pack`, {
      method: 'POST',
      body: '0000',
      headers: { 'content-type': 'application/x-git-receive-pack-request' },
    });
    expect(post.status).toBe(403);
    expect(await post.text()).toBe('Pushes are not taken here.\n');
    expect(await listRefs(source)).toEqual(before);
  });

  test('variables of the caller do not change what is served', async () => {
    await serve({
      ...process.env,
      GIT_DIR: '/nonexistent',
      GIT_OBJECT_DIRECTORY: '/nonexistent',
      GIT_NAMESPACE: 'elsewhere',
      GIT_PROTOCOL: 'version=1',
      GIT_CONFIG_COUNT: '1',
      GIT_CONFIG_KEY_0: 'uploadpack.hideRefs',
      GIT_CONFIG_VALUE_0: 'refs/heads/old',
    });
    const listed = await git(['ls-remote', '--heads', `${front.url}group/a.git`]);
    expect(listed.split('\n').map((line) => line.split('\t')[1])).toEqual(['refs/heads/main', 'refs/heads/old']);
  });
});

describe('bodies', () => {
  const lsRefs = Buffer.from('0014command=ls-refs\n00010014ref-prefix refs/0000', 'latin1');
  const headers = { 'Content-Type': 'application/x-git-upload-pack-request', 'Git-Protocol': 'version=2' };

  function post(body: Uint8Array, extra: Record<string, string | number>): Promise<{ status: number; text: string }> {
    return new Promise((resolve, reject) => {
      const request = httpRequest(
        `${front.url}group/a.git/git-upload-pack`,
        { method: 'POST', headers: { ...headers, ...extra } },
        (response) => {
          let text = '';
          response.on('data', (chunk: Buffer) => {
            text += chunk.toString('latin1');
          });
          response.on('end', () => {
            resolve({ status: response.statusCode ?? 0, text });
          });
        },
      );
      request.on('error', reject);
      // Without a length node sends chunks.
      for (const byte of body) request.write(Uint8Array.of(byte));
      request.end();
    });
  }

  test.each([
    ['of known length', () => lsRefs, (body: Uint8Array) => ({ 'Content-Length': body.length })],
    ['in chunks', () => lsRefs, () => ({})],
    [
      'compressed',
      () => gzipSync(lsRefs),
      (body: Uint8Array) => ({ 'Content-Encoding': 'gzip', 'Content-Length': body.length }),
    ],
    ['compressed and in chunks', () => gzipSync(lsRefs), () => ({ 'Content-Encoding': 'gzip' })],
  ])('a body %s is understood', async (_name, bodyOf, headersOf) => {
    await serve();
    const body = bodyOf();
    const answer = await post(body, headersOf(body));
    expect(answer.status).toBe(200);
    expect(answer.text).toContain('refs/heads/main');
  });

  test('a body of another type is refused with 415, and what a program says is logged', async () => {
    await serve();
    const answer = await fetch(`${front.url}group/a.git/git-upload-pack`, { method: 'POST', body: '0000' });
    expect(answer.status).toBe(415);
    const broken = await post(Buffer.from('zzzz'), {});
    expect(broken.status).toBe(200);
    await expect.poll(() => warnings.length).toBe(1);
    expect(warnings[0]?.path).toBe('git-upload-pack');
    expect(warnings[0]?.text).toContain('fatal:');
  });

  test('answers carry the headers that git http-backend writes', async () => {
    await serve();
    const answer = await fetch(`${front.url}group/a.git/info/refs?service=git-upload-pack`);
    expect(answer.headers.get('content-type')).toBe('application/x-git-upload-pack-advertisement');
    expect(answer.headers.get('cache-control')).toBe('no-cache, max-age=0, must-revalidate');
    expect(answer.headers.get('expires')).toBe('Fri, 01 Jan 1980 00:00:00 GMT');
    expect(await answer.text()).toContain('service=git-upload-pack');
  });
});

describe('a client that goes away', () => {
  /** Ids of live processes whose environment holds `marker`. */
  async function marked(marker: string): Promise<readonly number[]> {
    const found: number[] = [];
    for (const name of await readdir('/proc')) {
      if (!/^\d+$/.test(name)) continue;
      const environ = await readFile(`/proc/${name}/environ`, 'latin1').catch(() => '');
      if (environ.includes(marker)) found.push(Number(name));
    }
    return found;
  }

  const isLinux = process.platform === 'linux';

  test.runIf(isLinux)('leaves no process behind, whatever state the request was in', async () => {
    const marker = randomUUID();
    const config = join(dir, 'gitconfig');
    // pack-objects that never ends, in a process of its own.
    await writeFile(config, `[uploadpack]\n\tpackObjectsHook = "sleep 600; :"\n`);
    await serve({ ...process.env, GIT_CONFIG_GLOBAL: config, MARKER: marker });

    const oid = (await git(['-C', source, 'rev-parse', 'main'])).trim();
    const want = `0032want ${oid}\n`;
    const fetchRequest = `0011command=fetch0001${want}0009done\n0000`;
    const whole = httpRequest(`${front.url}group/a.git/git-upload-pack`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/x-git-upload-pack-request', 'Git-Protocol': 'version=2' },
    });
    whole.on('error', () => undefined);
    whole.end(fetchRequest);
    const partial = httpRequest(`${front.url}group/a.git/git-upload-pack`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/x-git-upload-pack-request', 'Content-Length': 5000 },
    });
    partial.on('error', () => undefined);
    partial.write('0032want');

    // http-backend twice, upload-pack twice, and the hook.
    await expect.poll(async () => (await marked(marker)).length, { timeout: 10_000 }).toBeGreaterThanOrEqual(5);
    whole.destroy();
    partial.destroy();
    await expect.poll(async () => await marked(marker), { timeout: 10_000 }).toEqual([]);
    await delay(50);
    expect(records).toHaveLength(2);
    expect(records.every(({ error }) => error !== undefined)).toBe(true);
    expect(warnings).toEqual([]);
  });
});

async function commitOnto(ref: string): Promise<string> {
  const tree = await git(['-C', source, 'rev-parse', `${ref}^{tree}`]);
  return git(['-C', source, 'commit-tree', tree, '-m', 'more', '-p', ref]);
}
