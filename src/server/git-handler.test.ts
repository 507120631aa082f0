import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { request as httpRequest } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { rawStatus, sendRaw, startGitFront, type GitFront } from '../../test/serving/git-front.ts';
import { streamOf } from '../core/byte-stream.ts';
import { GitMirrorError } from '../core/error.ts';
import type { GitBackend, GitRequest, GitResponse } from './git-backend.ts';
import type { HandlerLimits } from './handler-limits.ts';
import type { RequestRecord } from './request-record.ts';
import { RepositoryTable } from './repository-table.ts';

let dir: string;
let front: GitFront;
let records: RequestRecord[];
let requests: GitRequest[];

const ok = (...chunks: readonly Uint8Array[]): GitResponse => ({
  status: 200,
  headers: [['Content-Type', 'x/y']],
  body: streamOf(...chunks),
});

async function serve(
  handle: (request: GitRequest) => Promise<GitResponse> = async () => ok(Buffer.from('answer')),
  limits: Partial<HandlerLimits> = {},
): Promise<void> {
  const backend: GitBackend = {
    handle: (request) => {
      requests.push(request);
      return handle(request);
    },
  };
  const table = new RepositoryTable(dir);
  table.set({ name: 'a.git', directory: join(dir, 'a.git'), state: 'ready', upstream: 'https://origin/a' });
  table.set({ name: 'new.git', directory: join(dir, 'new.git'), state: 'preparing' });
  front = await startGitFront({
    repositories: table,
    backend,
    limits,
    onRequest: (record) => {
      records.push(record);
    },
  });
}

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'git-mirror-handler-'));
  await mkdir(join(dir, 'a.git'));
  records = [];
  requests = [];
});
afterEach(async () => {
  await front.close();
  await rm(dir, { recursive: true, force: true });
});

const advertisement = 'a.git/info/refs?service=git-upload-pack';

describe('routes', () => {
  test('a repository is looked up by name and the backend gets its directory', async () => {
    await serve();
    const answer = await fetch(front.url + advertisement, { headers: { 'git-protocol': 'version=2' } });
    expect(answer.status).toBe(200);
    expect(await answer.text()).toBe('answer');
    expect(requests[0]).toMatchObject({ method: 'GET', path: 'info/refs', query: 'service=git-upload-pack' });
    expect(requests[0]?.directory).toMatch(/a\.git$/);
    expect(requests[0]?.headers.get('git-protocol')).toBe('version=2');
    await expect.poll(() => records).toHaveLength(1);
    expect(records[0]).toMatchObject({ repository: 'a.git', path: 'info/refs', status: 200, responseBytes: 6 });
    expect(requests[0]?.signal.aborted).toBe(true);
  });

  test.each([
    ['GET', '/x.git/info/refs', 404],
    ['GET', '/a.git/config', 404],
    ['GET', '/etc/passwd', 404],
    ['GET', '/a.git/info/refs?service=git-upload-archive', 403],
    ['GET', '/a.git/info/refs?service=git-receive-pack', 403],
    ['POST', '/a.git/git-receive-pack', 403],
    ['POST', '/x.git/git-receive-pack', 404],
    ['GET', '/x.git/git-receive-pack', 405],
    ['HEAD', '/a.git/git-upload-pack', 405],
    ['PUT', '/a.git/info/refs', 405],
    ['POST', '/a.git/info/refs', 405],
    ['GET', '/a.git/git-upload-pack', 405],
    ['DELETE', '/', 405],
    ['GET', '/new.git/info/refs?service=git-upload-pack', 503],
    ['GET', '/../../etc/passwd', 400],
    ['GET', '/%2e%2e/a.git/HEAD', 400],
    ['GET', '/..%2fa.git/HEAD', 400],
    ['GET', '/a.git%00/HEAD', 400],
    ['GET', '//a.git/HEAD', 400],
    ['GET', 'http://127.0.0.1/a.git/HEAD', 400],
    ['GET', '/a.git/%zz/HEAD', 400],
    ['HEAD', '/healthz', 200],
  ])('%s %s is answered with %d, and no backend is asked', async (method, target, status) => {
    await serve();
    expect(await rawStatus(front.port, target, method)).toBe(status);
    expect(requests).toEqual([]);
  });

  test('errors are one line of plain text, and say which method would do and when to come back', async () => {
    await serve();
    const unknown = await fetch(`${front.url}x.git/info/refs`);
    expect(unknown.headers.get('content-type')).toBe('text/plain; charset=utf-8');
    expect(await unknown.text()).toBe('Repository not found.\n');
    expect((await fetch(`${front.url}a.git/git-upload-pack`)).headers.get('allow')).toBe('POST');
    const soon = await fetch(`${front.url}new.git/info/refs`);
    expect(soon.headers.get('retry-after')).toBe('2');
  });

  test('/ lists the repositories with clone URLs, /healthz says ok', async () => {
    await serve();
    const page = await fetch(front.url);
    expect(page.headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(await page.text()).toContain(`git clone ${front.url}a.git`);
    expect(await (await fetch(`${front.url}healthz`)).text()).toBe('ok\n');
    const strange = await sendRaw(front.port, 'GET / HTTP/1.1\r\nHost: "><b>\r\nConnection: close\r\n\r\n');
    expect(strange).not.toContain('<b>');
    expect(strange).toContain(`git clone ${front.url}a.git`);
  });
});

describe('limits', () => {
  const post = (body: Uint8Array<ArrayBuffer> | ReadableStream): Promise<Response> =>
    fetch(`${front.url}a.git/git-upload-pack`, { method: 'POST', body, duplex: 'half' });

  test('one request more than allowed is sent away with 503, and a place that is given back can be taken', async () => {
    let release = (): void => undefined;
    const released = new Promise<void>((resolve) => {
      release = resolve;
    });
    await serve(
      async () => {
        await released;
        return ok();
      },
      { maxConcurrentRequests: 2 },
    );
    const first = [fetch(front.url + advertisement), fetch(front.url + advertisement)];
    await expect.poll(() => requests).toHaveLength(2);
    const refused = await fetch(front.url + advertisement);
    expect(refused.status).toBe(503);
    expect(refused.headers.get('retry-after')).toMatch(/^\d+$/);
    expect((await fetch(`${front.url}healthz`)).status).toBe(200);
    release();
    expect((await Promise.all(first)).map(({ status }) => status)).toEqual([200, 200]);
    expect((await fetch(front.url + advertisement)).status).toBe(200);
  });

  test('a body over the limit gets a 413, whether its length is declared or not', async () => {
    await serve(
      async ({ body }) => {
        let bytes = 0;
        for await (const chunk of body) bytes += chunk.length;
        return ok(Buffer.from(String(bytes)));
      },
      { maxRequestBytes: 1000 },
    );
    expect(await (await post(Buffer.alloc(1000))).text()).toBe('1000');
    const declared = await post(Buffer.alloc(1001));
    expect(declared.status).toBe(413);
    expect(await declared.text()).toMatch(/larger than the 1000 bytes/);
    expect(requests).toHaveLength(1);
    const streamed = await post(
      new ReadableStream({
        pull: (controller) => {
          controller.enqueue(Buffer.alloc(600));
        },
      }),
    );
    expect(streamed.status).toBe(413);
  });

  test('a backend that does not begin to answer in time gets its signal, and the client a 504', async () => {
    await serve(
      ({ signal }) =>
        new Promise((_resolve, reject) => {
          signal.addEventListener('abort', () => {
            reject(signal.reason as Error);
          });
        }),
      { requestTimeMs: 100 },
    );
    const answer = await fetch(front.url + advertisement);
    expect(answer.status).toBe(504);
    expect(requests[0]?.signal.aborted).toBe(true);
  });

  test('an answer that stands still is cut off, one that goes on is not', async () => {
    async function* slow(count: number, ms: number): AsyncGenerator<Uint8Array, void, void> {
      for (let index = 0; index < count; index += 1) {
        await delay(ms);
        yield Buffer.from('x');
      }
    }
    let ms = 50;
    await serve(async () => ({ status: 200, headers: [], body: slow(8, ms) }), { requestTimeMs: 200 });
    expect(await (await fetch(front.url + advertisement)).text()).toBe('xxxxxxxx');
    ms = 400;
    const started = await fetch(front.url + advertisement).catch(() => undefined);
    await expect(started?.text() ?? Promise.reject(new Error('cut'))).rejects.toThrow();
  });

  test('however busy, an exchange ends after its total time', async () => {
    async function* endless(): AsyncGenerator<Uint8Array, void, void> {
      for (;;) {
        await delay(5);
        yield Buffer.from('x');
      }
    }
    await serve(async () => ({ status: 200, headers: [], body: endless() }), { totalTimeMs: 200 });
    const answer = await fetch(front.url + advertisement);
    await expect(answer.text()).rejects.toThrow();
  });
});

describe('streams', () => {
  test('a client that does not read holds the backend back', async () => {
    let produced = 0;
    async function* endless(): AsyncGenerator<Uint8Array, void, void> {
      for (;;) {
        produced += 65_536;
        yield new Uint8Array(65_536);
      }
    }
    await serve(async () => ({ status: 200, headers: [], body: endless() }));
    const socket = connect({ host: '127.0.0.1', port: front.port }, () => {
      socket.write(`GET /${advertisement} HTTP/1.1\r\nHost: x\r\n\r\n`);
    });
    socket.pause();
    await delay(500);
    const atFirst = produced;
    await delay(300);
    expect(produced).toBe(atFirst);
    expect(produced).toBeLessThan(16 * 1024 * 1024);
    socket.destroy();
    await expect.poll(() => records[0]?.error).toMatch(/went away/);
    expect(requests[0]?.signal.aborted).toBe(true);
  });

  test('an answer that fails in the middle is cut off, so that nobody takes it for whole', async () => {
    async function* failing(): AsyncGenerator<Uint8Array, void, void> {
      yield Buffer.from('half');
      await delay(10);
      throw new Error('disk gone');
    }
    await serve(async () => ({ status: 200, headers: [], body: failing() }));
    await expect(fetch(front.url + advertisement).then((answer) => answer.text())).rejects.toThrow();
    await expect.poll(() => records[0]?.error).toBe('disk gone');
  });

  test('an error before the answer is a 500 that tells nothing of this machine', async () => {
    await serve(async () => {
      throw new GitMirrorError('GM_SYSTEM', 'cannot read /secret/path');
    });
    const answer = await fetch(front.url + advertisement);
    expect(answer.status).toBe(500);
    expect(await answer.text()).toBe('The server could not answer. Its log says why.\n');
    await expect.poll(() => records[0]?.error).toContain('/secret/path');
  });

  test('an error answer of the backend without a body gets a line of text', async () => {
    await serve(async () => ({ status: 403, headers: [['Expires', 'x']], body: streamOf() }));
    expect(await (await fetch(front.url + advertisement)).text()).toBe('Request refused.\n');
  });

  test('a client that breaks off in the middle of its body is seen by the backend as a failure', async () => {
    let failure: unknown;
    await serve(async ({ body }) => {
      try {
        for await (const chunk of body) failure = chunk;
      } catch (error) {
        failure = error;
      }
      return ok();
    });
    const request = httpRequest(`${front.url}a.git/git-upload-pack`, {
      method: 'POST',
      headers: { 'Content-Length': 100 },
    });
    request.on('error', () => undefined);
    request.write('some');
    await expect.poll(() => requests).toHaveLength(1);
    request.destroy();
    await expect.poll(() => failure).toBeInstanceOf(Error);
    await expect.poll(() => records[0]?.status).toBe(499);
  });
});
