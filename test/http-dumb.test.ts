import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openDumbHttp, type DumbHttp } from '../src/transport/http/dumb-http.ts';
import { startApache, type Apache } from './servers/apache.ts';
import { startFaultyServer } from './servers/faulty.ts';
import { connectTo, failureOf, httpOptions, readAll } from './servers/http-client.ts';
import { startHttpBackend } from './servers/http-backend.ts';

const run = promisify(execFile);
const basicAuth = { username: 'me', password: 'secret' };

let root: string;
let apache: Apache;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'git-mirror-dumb-'));
  const bare = join(root, 'x.git');
  await run('git', ['init', '-q', '--bare', '--initial-branch=main', bare]);
  const tree = (await run('git', ['--git-dir', bare, 'hash-object', '-t', 'tree', '-w', '/dev/null'])).stdout.trim();
  const commit = (await run('git', ['--git-dir', bare, 'commit-tree', '-m', 'first', tree])).stdout.trim();
  await run('git', ['--git-dir', bare, 'update-ref', 'refs/heads/main', commit]);
  await run('git', ['--git-dir', bare, 'update-ref', 'refs/heads/ä#%', commit]);
  await run('git', ['--git-dir', bare, 'update-server-info']);
  await writeFile(join(bare, 'large'), Buffer.alloc(3_000_000, 'x'));
  apache = await startApache({
    root,
    basicAuth,
    extra: 'Redirect /moved/ /files/\nRedirect /elsewhere/x.git/HEAD /files/x.git/config',
  });
});

afterAll(async () => {
  await apache.close();
  await rm(root, { recursive: true, force: true });
});

async function withDumb<T>(url: string, work: (dumb: DumbHttp) => Promise<T>): Promise<T> {
  const options = httpOptions({ auth: { username: basicAuth.username, token: basicAuth.password } });
  const dumb = openDumbHttp({ url: new URL(url) }, options);
  try {
    return await work(dumb);
  } finally {
    await dumb.close();
    await dumb.close();
  }
}

async function textOf(dumb: DumbHttp, path: string): Promise<string | undefined> {
  const stream = await dumb.get(path);
  return stream === undefined ? undefined : (await readAll(stream)).toString();
}

describe('a repository of files', () => {
  it('on Apache is noticed when it is connected to', async () => {
    const auth = { username: basicAuth.username, token: basicAuth.password };
    const error = await failureOf(connectTo(`${apache.url}/files/x.git`, { auth }));
    expect(error.code).toBe('GM_DUMB_HTTP');
    expect(error.message).toContain(`${apache.url}/files/x.git (git-upload-pack): the server only offers files`);
  });

  it('behind http-backend with smart service turned off is noticed', async () => {
    const backend = await startHttpBackend({
      root,
      env: { GIT_CONFIG_COUNT: '1', GIT_CONFIG_KEY_0: 'http.uploadpack', GIT_CONFIG_VALUE_0: 'false' },
    });
    const error = await failureOf(connectTo(`${backend.url}/x.git`));
    await backend.close();
    expect(error.code).toBe('GM_FORBIDDEN');
  });

  it('gives its files, and nothing for those that are not there', async () => {
    await withDumb(`${apache.url}/files/x.git/`, async (dumb) => {
      expect(await textOf(dumb, 'HEAD')).toBe('ref: refs/heads/main\n');
      expect(await textOf(dumb, 'info/refs')).toBe(await readFile(join(root, 'x.git', 'info', 'refs'), 'utf8'));
      expect(await textOf(dumb, 'refs/heads/ä#%')).toMatch(/^[0-9a-f]{40}\n$/);
      expect(await textOf(dumb, 'objects/info/packs')).toBe('\n');
      expect(await textOf(dumb, 'objects/00/00000000000000000000000000000000000000')).toBeUndefined();
      expect(dumb.displayUrl).toBe(`${apache.url}/files/x.git`);
    });
  });

  it('gives several files at a time, and streams that may be left', async () => {
    await withDumb(`${apache.url}/files/x.git`, async (dumb) => {
      const sizes = await Promise.all(Array.from({ length: 5 }, async () => (await textOf(dumb, 'large'))?.length));
      expect(sizes).toEqual(Array(5).fill(3_000_000));
      for await (const chunk of (await dumb.get('large')) ?? []) {
        expect(chunk.length).toBeGreaterThan(0);
        break;
      }
    });
  });

  it('that has moved is found at its new place', async () => {
    await withDumb(`${apache.url}/moved/x.git`, async (dumb) => {
      expect(await textOf(dumb, 'info/refs')).toContain('refs/heads/main');
      expect(dumb.displayUrl).toBe(`${apache.url}/files/x.git`);
      expect(await textOf(dumb, 'HEAD')).toBe('ref: refs/heads/main\n');
    });
    await withDumb(`${apache.url}/elsewhere/x.git`, async (dumb) => {
      expect(await textOf(dumb, 'HEAD')).toContain('[core]');
      expect(dumb.displayUrl).toBe(`${apache.url}/elsewhere/x.git`);
    });
  });

  it('is not left by the names of files', async () => {
    await withDumb(`${apache.url}/files/x.git`, async (dumb) => {
      for (const path of ['', '/HEAD', '../y', 'a/../../y', './HEAD', 'a//b', 'a/']) {
        expect((await failureOf(dumb.get(path))).code).toBe('GM_USAGE');
      }
      expect(await textOf(dumb, '%2e%2e/x.git/HEAD')).toBeUndefined();
    });
  });

  it('gives errors as every HTTP request does', async () => {
    const denied = openDumbHttp({ url: new URL(`${apache.url}/files/x.git`) }, httpOptions());
    expect((await failureOf(denied.get('HEAD'))).code).toBe('GM_AUTH');
    await denied.close();
    const server = await startFaultyServer((exchange) => {
      exchange.answer(500);
    });
    await withDumb(`${server.url}/x.git`, async (dumb) => {
      expect((await failureOf(dumb.get('HEAD'))).code).toBe('GM_REMOTE');
      const reason = new Error('over');
      await expect(dumb.get('HEAD', AbortSignal.abort(reason))).rejects.toBe(reason);
    });
    await server.close();
  });
});
