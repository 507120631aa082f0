import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { mkdir, writeFile } from 'node:fs/promises';
import { connect, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { buildApp } from '../../examples/serve-express.ts';
import { buildServer } from '../../examples/serve-fastify.ts';
import { serve as serveHttp } from '../../examples/serve-http.ts';
import {
  createGitHandler,
  ServerMetrics,
  type GitHandler,
  type GitHandlerOptions,
  type RequestRecord,
} from '../../src/server.ts';
import { streamOf } from '../../src/core/byte-stream.ts';
import { FastImport } from '../repositories/fast-import.ts';
import { makeRepository } from '../repositories/make-repository.ts';
import { incompressibleBytes } from '../repositories/random-bytes.ts';
import { Repository } from '../repositories/repository.ts';
import { runGit } from '../repositories/run-git.ts';
import { makeTemporaryFolder, type TemporaryFolder } from '../repositories/temporary-folder.ts';
import { sendRaw } from './git-front.ts';

let folder: TemporaryFolder;
let root: string;
let source: Repository;
let ends: (() => Promise<void>)[] = [];
let clones = 0;

beforeAll(async () => {
  folder = await makeTemporaryFolder();
  root = join(folder.path, 'root');
  await mkdir(root);
  source = await makeRepository(join(root, 'group', 'a.git'), { commits: 10, branches: 2, tags: 2 });
  await source.configure('uploadpack.allowFilter', 'true');
});
afterEach(async () => {
  for (const end of ends.reverse()) await end();
  ends = [];
});
afterAll(() => folder[Symbol.asyncDispose]());

async function expectClone(url: string, ...args: readonly string[]): Promise<void> {
  clones += 1;
  const clone = new Repository(join(folder.path, `clone-${clones}.git`));
  await runGit([...args, 'clone', '-q', '--mirror', url, clone.path]);
  expect(await clone.refs()).toEqual(await source.refs());
  await clone.git('fsck', '--strict');
}

const pkt = (text: string): string => (text.length + 4).toString(16).padStart(4, '0') + text;
const portOf = (server: Server): number => (server.address() as AddressInfo).port;

async function listen(options: Partial<GitHandlerOptions> = {}): Promise<{
  readonly url: string;
  readonly port: number;
  readonly handler: GitHandler;
  readonly records: RequestRecord[];
}> {
  const records: RequestRecord[] = [];
  const handler = createGitHandler({
    root,
    exportAll: true,
    backend: 'native',
    workers: 1,
    cacheBytes: 0,
    onRequest: (record) => records.push(record),
    ...options,
  });
  const server = createServer(handler);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  ends.push(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    await handler.close();
  });
  return { url: `http://127.0.0.1:${portOf(server)}/`, port: portOf(server), handler, records };
}

describe('the examples', () => {
  test('node:http', async () => {
    const { server, close } = await serveHttp(root, 0);
    ends.push(close);
    await expectClone(`http://127.0.0.1:${portOf(server)}/group/a.git`);
  });

  test('Fastify', async () => {
    const app = buildServer(root);
    ends.push(() => app.close());
    const url = await app.listen({ port: 0, host: '127.0.0.1' });
    await expectClone(`${url}/git/group/a.git`);
    const metrics = await (await fetch(`${url}/metrics`)).text();
    expect(metrics).toMatch(/git_mirror_requests_total\{[^}]*command="fetch"[^}]*result="ok"\} [1-9]/);
    expect((await fetch(`${url}/git/x.git/HEAD`)).status).toBe(404);
  });

  test('Express', async () => {
    const { app, handler } = buildApp(root);
    const server = app.listen(0, '127.0.0.1');
    await once(server, 'listening');
    ends.push(async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await handler.close();
    });
    await expectClone(`http://127.0.0.1:${portOf(server)}/git/group/a.git`);
    expect(await (await fetch(`http://127.0.0.1:${portOf(server)}/`)).text()).toContain('not a repository');
  });
});

describe('createGitHandler', () => {
  test.each(['native', 'git', 'canary:50'] as const)('%s serves, and says who answered', async (backend) => {
    const { url, records } = await listen({ backend });
    await expectClone(`${url}group/a.git`);
    await expect.poll(() => records.length).toBeGreaterThanOrEqual(3);
    const names = new Set(records.map((record) => record.backend));
    expect(names.size).toBe(1);
    if (backend !== 'canary:50') expect([...names]).toEqual([backend]);
    expect(records.map(({ facts }) => facts.command)).toContain('fetch');
  });

  test.each(['0', '1', '2'])('one backend may advertise and the other answer, in version %s', async (version) => {
    for (const [backend, advertise] of [
      ['native', 'git'],
      ['git', 'native'],
    ] as const) {
      const { url, records } = await listen({ backend, advertise });
      await expectClone(`${url}group/a.git`, '-c', `protocol.version=${version}`);
      await expect.poll(() => records.map((record) => record.backend)).toContain(backend);
      expect(records[0]?.backend).toBe(advertise);
    }
  });

  test('the rounds of a negotiation may go to different backends', async () => {
    const clone = new Repository(join(folder.path, 'many-rounds.git'));
    const line = await makeRepository(join(root, 'line.git'), { commits: 300 });
    const { url: nativeUrl } = await listen();
    await runGit(['clone', '-q', '--bare', `${nativeUrl}line.git`, clone.path]);
    for (let index = 0; index < 3; index += 1) await line.commit('refs/heads/main');
    // Commits that only the client has make it ask for many rounds.
    const own = new FastImport(5_000_000);
    let from = await clone.git('rev-parse', 'HEAD~200');
    for (let index = 0; index < 120; index += 1) {
      from = own.commit({ ref: 'refs/heads/own', from, message: `own ${index}`, files: { own: String(index) } });
    }
    await clone.import(own);
    let turn = 0;
    const opened = await Promise.all([
      listen({ backend: 'native' }).then(({ port }) => port),
      listen({ backend: 'git' }).then(({ port }) => port),
    ]);
    const front = createServer((request, response) => {
      const port = opened[turn++ % opened.length] ?? 0;
      void relay(request, port).then(async (answer) => {
        response.writeHead(answer.status, { 'Content-Type': answer.headers.get('content-type') ?? '' });
        response.end(Buffer.from(await answer.arrayBuffer()));
      });
    });
    front.listen(0, '127.0.0.1');
    await once(front, 'listening');
    ends.push(
      () =>
        new Promise((resolve) =>
          front.close(() => {
            resolve();
          }),
        ),
    );
    for (const version of ['0', '2']) {
      turn = 0;
      await clone.git(
        '-c',
        `protocol.version=${version}`,
        'fetch',
        '-q',
        `http://127.0.0.1:${portOf(front)}/line.git`,
        '+refs/heads/main:refs/heads/main',
      );
      expect(turn).toBeGreaterThan(2);
      expect(await clone.resolve('refs/heads/main')).toBe(await line.resolve('refs/heads/main'));
      await clone.git('fsck', '--connectivity-only');
      await line.commit('refs/heads/main');
    }
  });

  test('what only git can do is done by git', async () => {
    const marker = join(folder.path, 'hook-ran');
    const hook = join(folder.path, 'hook.sh');
    await writeFile(hook, `#!/bin/sh\n: >'${marker}'\nexec "$@"\n`, { mode: 0o755 });
    const config = join(folder.path, 'hook.config');
    await writeFile(config, `[uploadpack]\n\tpackObjectsHook = ${hook}\n`);
    const { url, records } = await listen({ env: { ...process.env, GIT_CONFIG_GLOBAL: config } });
    await expectClone(`${url}group/a.git`);
    expect(existsSync(marker)).toBe(true);
    await expect.poll(() => records.at(-1)).toMatchObject({ path: 'git-upload-pack', backend: 'git', status: 200 });
  });

  test('a namespace is served by both alike', async () => {
    const names = { env: { GIT_NAMESPACE: 'team/one' } };
    const tip = await source.resolve('refs/heads/main');
    const push = ['push', '-q', source.path, `${tip}:refs/heads/ours`, `${tip}:refs/tags/t1`];
    await runGit(push, { cwd: source.path, ...names });
    const lists: string[] = [];
    for (const backend of ['native', 'git'] as const) {
      const { url } = await listen({ backend, namespace: 'team/one' });
      for (const version of ['0', '2']) {
        lists.push(await runGit(['-c', `protocol.version=${version}`, 'ls-remote', `${url}group/a.git`]));
      }
      lists.push(await runGit(['ls-remote', `${url}group/a.git`], { env: { GIT_SMART_HTTP: '0' } }));
    }
    expect(lists[0]).toBe(`${tip}\trefs/heads/ours\n${tip}\trefs/tags/t1`);
    expect(new Set(lists).size).toBe(1);
    await source.git('update-ref', '-d', 'refs/namespaces/team/refs/namespaces/one/refs/heads/ours');
    await source.git('update-ref', '-d', 'refs/namespaces/team/refs/namespaces/one/refs/tags/t1');
  });

  test('a backend of the embedder, and a base path', async () => {
    const { url } = await listen({
      basePath: '/git/',
      backend: {
        handle: async () => ({
          status: 200,
          headers: [],
          body: streamOf(Buffer.from('mine')),
        }),
      },
    });
    expect(await (await fetch(`${url}git/group/a.git/HEAD`)).text()).toBe('mine');
    expect((await fetch(`${url}gitx/group/a.git/HEAD`)).status).toBe(404);
    expect((await fetch(`${url}group/a.git/HEAD`)).status).toBe(404);
  });

  test.each([
    [{ root: undefined }, 'root'],
    [{ repositories: { find: async () => ({ kind: 'unknown' }) as const, list: () => [] } }, 'repositories'],
    [{ backend: 'canary:200' as const }, undefined],
    [{ limits: { maxWants: 0 } }, 'limits.maxWants'],
    [{ basePath: 'git' }, 'basePath'],
  ])('%j is refused', (change, field) => {
    expect(() => createGitHandler({ root, ...change })).toThrow(
      expect.objectContaining({ code: 'GM_USAGE', ...(field === undefined ? {} : { details: { field } }) }),
    );
  });

  test('without git-daemon-export-ok a repository is not served', async () => {
    const { url } = await listen({ exportAll: false });
    expect((await fetch(`${url}group/a.git/info/refs?service=git-upload-pack`)).status).toBe(403);
    await expect(runGit(['ls-remote', `${url}group/a.git`])).rejects.toThrow(/not exported/);
    await writeFile(join(source.path, 'git-daemon-export-ok'), '');
    await expectClone(`${url}group/a.git`);
  });
});

describe('limits', () => {
  const post = (
    url: string,
    body: Uint8Array<ArrayBuffer>,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<Response> =>
    fetch(`${url}group/a.git/git-upload-pack`, {
      method: 'POST',
      body,
      headers: { 'Content-Type': 'application/x-git-upload-pack-request', 'Git-Protocol': 'version=2', ...headers },
    });

  test('a gzip bomb is stopped at the bound of a request', async () => {
    const { url, records } = await listen({ limits: { maxRequestBytes: 100_000 } });
    const have = `0032have ${'1'.repeat(40)}\n`;
    const request = Buffer.from(`0012command=fetch\n0001${have.repeat(400_000)}0000`);
    const bomb = gzipSync(request);
    expect(bomb.length).toBeLessThan(100_000);
    const answer = await post(url, Buffer.from(bomb), { 'Content-Encoding': 'gzip' });
    expect(answer.status).toBe(413);
    expect(await answer.text()).toMatch(/larger than the 100000 bytes/);
    await expect.poll(() => records).toHaveLength(1);
    await expectClone(`${url}group/a.git`);
  });

  test('one client may have only so many requests at one time', async () => {
    let release = (): void => undefined;
    const released = new Promise<void>((resolve) => {
      release = resolve;
    });
    const { url, records } = await listen({
      limits: { maxRequestsPerClient: 2 },
      backend: {
        handle: async () => {
          await released;
          return {
            status: 200,
            headers: [],
            body: streamOf(Buffer.from('x')),
          };
        },
      },
    });
    const first = [fetch(`${url}group/a.git/HEAD`), fetch(`${url}group/a.git/HEAD`)];
    await delay(100);
    const refused = await fetch(`${url}group/a.git/HEAD`);
    expect(refused.status).toBe(429);
    expect(refused.headers.get('retry-after')).toMatch(/^\d+$/);
    release();
    expect((await Promise.all(first)).map(({ status }) => status)).toEqual([200, 200]);
    expect(records.some(({ status }) => status === 429)).toBe(true);
  });

  test('hundreds of connections at once are answered, those above the bound with 503', async () => {
    const { url } = await listen({ limits: { maxConcurrentRequests: 16 } });
    const answers = await Promise.all(
      Array.from({ length: 300 }, () => fetch(`${url}group/a.git/info/refs?service=git-upload-pack`)),
    );
    const statuses = answers.map(({ status }) => status);
    await Promise.all(answers.map((answer) => answer.arrayBuffer()));
    expect(new Set(statuses)).toEqual(new Set([200, 503]));
    await expectClone(`${url}group/a.git`);
  });

  test('a client that sends its body too slowly gets a 504, and its place is free again', async () => {
    const { port, records } = await listen({ limits: { requestTimeMs: 2000, maxConcurrentRequests: 1 } });
    const head =
      'POST /group/a.git/git-upload-pack HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n' +
      'Content-Type: application/x-git-upload-pack-request\r\n\r\n00';
    expect(await sendRaw(port, head, 8000)).toMatch(/^HTTP\/1\.1 504 /);
    expect(records[0]?.status).toBe(504);
    await expectClone(`http://127.0.0.1:${port}/group/a.git`);
  });

  const fetchRequest = (...lines: readonly string[]): Buffer<ArrayBuffer> =>
    Buffer.from(`${pkt('command=fetch')}0001${lines.map((line) => pkt(line)).join('')}0000`);
  const nested = `${'combine:'.repeat(40)}blob:none`;

  test.each([
    ['wants', Array.from({ length: 6 }, (_, index) => `want ${String(index).repeat(40)}`)],
    ['haves', Array.from({ length: 6 }, (_, index) => `have ${String(index).repeat(40)}`)],
    ['shallow lines', Array.from({ length: 6 }, (_, index) => `shallow ${String(index).repeat(40)}`)],
    ['depth', ['deepen 6']],
    ['a long filter', [`filter sparse:oid=${'x'.repeat(100)}`]],
    ['a nested filter', [`filter ${nested}`]],
    ['one pkt-line', [`want ${'1'.repeat(200)}`]],
  ])('too much of %s is answered by an ERR packet', async (_name, lines) => {
    const limits = { maxWants: 5, maxHaves: 5, maxShallows: 5, maxDepth: 5, maxFilterLength: 90, maxPktLineBytes: 150 };
    const { url, records } = await listen({ limits: lines[0] === `filter ${nested}` ? {} : limits });
    const answer = await post(url, fetchRequest(...lines));
    expect(answer.status).toBe(200);
    expect(await answer.text()).toMatch(/^[0-9a-f]{4}ERR /);
    await expect.poll(() => records[0]?.facts.refusal).toBeDefined();
  });

  test('over a limit of the protocol the client is told by git itself', async () => {
    const { url, records } = await listen({ limits: { maxDepth: 3 } });
    await expect(runGit(['clone', '-q', '--depth=10', `${url}group/a.git`, join(folder.path, 'deep')])).rejects.toThrow(
      /remote error|fatal/i,
    );
    await expect.poll(() => records.some(({ facts }) => facts.refusal !== undefined)).toBe(true);
  });
});

describe('connections', () => {
  test('a client that ends its side before the answer is gone: nothing hangs, and its place is free', async () => {
    const { port, url, records } = await listen({ limits: { maxConcurrentRequests: 1 } });
    const socket = connect({ host: '127.0.0.1', port });
    socket.resume();
    socket.end(
      'GET /group/a.git/info/refs?service=git-upload-pack HTTP/1.1\r\nHost: x\r\nGit-Protocol: version=2\r\n\r\n',
    );
    await once(socket, 'close');
    await expect.poll(() => records, { timeout: 1000 }).toHaveLength(1);
    await expectClone(`${url}group/a.git`);
  });

  test('a client of HTTP/1.0 is served; it knows no 405', async () => {
    const { port } = await listen();
    const answer = await sendRaw(port, 'GET /group/a.git/HEAD HTTP/1.0\r\n\r\n');
    expect(answer).toMatch(/^HTTP\/1\.1 200 /);
    expect(answer).toContain('ref: refs/heads/main\n');
    expect(await sendRaw(port, 'PUT /group/a.git/HEAD HTTP/1.0\r\n\r\n')).toMatch(/^HTTP\/1\.1 400 /);
  });

  test.each([
    ['GET /group/../../etc/passwd HTTP/1.1', 400],
    ['GET /%2e%2e/root/group/a.git/HEAD HTTP/1.1', 400],
    ['GET /group%2fa.git/HEAD HTTP/1.1', 400],
    ['GET /group/a.git%00/HEAD HTTP/1.1', 400],
    ['GET //group/a.git/HEAD HTTP/1.1', 400],
    ['GET /group/a.git/objects/../config HTTP/1.1', 400],
    ['GET /group/a.git/config HTTP/1.1', 404],
    ['GET /group/a.git/refs/heads/main HTTP/1.1', 404],
    ['GET /group/a.git/hooks/HEAD HTTP/1.1', 404],
    ['GET /group/.a/HEAD HTTP/1.1', 404],
    ['GET /etc/passwd HTTP/1.1', 404],
  ])('%s is answered with %d', async (line, status) => {
    const { port } = await listen();
    const answer = await sendRaw(port, `${line}\r\nHost: x\r\nConnection: close\r\n\r\n`);
    expect(answer).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
    expect(answer).not.toContain(folder.path);
  });
});

describe('a client that reads nothing', () => {
  test.each(['native', 'git'] as const)(
    'is cut off when its time is up, and its place is free: %s',
    async (backend) => {
      const path = join(root, `slow-${backend}.git`);
      const large = await makeRepository(path, { commits: 2 });
      await large.commit('refs/heads/main', { files: { big: incompressibleBytes(8_000_000, 2) } });
      const { port, records } = await listen({ backend, limits: { requestTimeMs: 2000, maxConcurrentRequests: 1 } });
      const body = `${pkt('command=fetch')}0001${pkt(`want ${await large.resolve('refs/heads/main')}`)}${pkt('done')}0000`;
      const socket = connect({ host: '127.0.0.1', port });
      socket.on('error', () => undefined);
      socket.write(
        `POST /slow-${backend}.git/git-upload-pack HTTP/1.1\r\nHost: x\r\nContent-Length: ${body.length}\r\n` +
          `Git-Protocol: version=2\r\nContent-Type: application/x-git-upload-pack-request\r\n\r\n${body}`,
      );
      socket.pause();
      await expect.poll(() => records, { timeout: 8000 }).toHaveLength(1);
      expect(records[0]?.error).toMatch(/given up after 2 seconds/);
      expect(records[0]?.isAbandoned).toBe(false);
      socket.destroy();
    },
  );
});

describe('a client that goes away', () => {
  test('frees its place within a second, whoever serves', async () => {
    const large = await makeRepository(join(root, 'large.git'), { commits: 2 });
    // More than what the buffers of both sockets can take: an answer that is all in there is over.
    await large.commit('refs/heads/main', {
      files: { big: incompressibleBytes(64_000_000, 1) },
    });
    for (const backend of ['native', 'git'] as const) {
      const { port, records } = await listen({ backend });
      const want = await large.resolve('refs/heads/main');
      const body = `${pkt('command=fetch')}0001${pkt('no-progress')}${pkt(`want ${want}`)}${pkt('done')}0000`;
      const socket = connect({ host: '127.0.0.1', port });
      socket.write(
        `POST /large.git/git-upload-pack HTTP/1.1\r\nHost: x\r\nContent-Length: ${body.length}\r\nGit-Protocol: version=2\r\n` +
          `Content-Type: application/x-git-upload-pack-request\r\n\r\n${body}`,
      );
      await once(socket, 'data');
      socket.pause();
      await delay(300);
      expect(records).toHaveLength(0);
      socket.destroy();
      await expect.poll(() => records, { timeout: 1000 }).toHaveLength(1);
      expect(records[0]?.isAbandoned).toBe(true);
    }
  });
});

test('metrics tell the backends apart, and name phases and filters', async () => {
  const metrics = new ServerMetrics({ processMetrics: false });
  for (const backend of ['native', 'git'] as const) {
    const { url } = await listen({ backend, watchers: [metrics] });
    await runGit([
      'clone',
      '-q',
      '--bare',
      '--filter=blob:none',
      `${url}group/a.git`,
      join(folder.path, `partial-${backend}.git`),
    ]);
  }
  await expect.poll(async () => (await metrics.registry.metrics()).includes('git_mirror_active_requests 0')).toBe(true);
  const text = await metrics.registry.metrics();
  for (const backend of ['native', 'git']) {
    expect(text).toContain(
      `git_mirror_requests_total{backend="${backend}",command="fetch",filter="blob:none",result="ok"} 1`,
    );
    expect(text).toContain(
      `git_mirror_requests_total{backend="${backend}",command="ls-refs",filter="none",result="ok"} 1`,
    );
  }
  for (const phase of ['parse', 'traversal', 'compression', 'stream']) {
    expect(text).toMatch(
      new RegExp(`git_mirror_${phase}_seconds_count\\{backend="native",filter="blob:none",result="ok"\\} 1`),
    );
  }
  expect(text).toMatch(/git_mirror_objects_total\{backend="native",kind="sent"\} [1-9]/);
});

async function relay(request: IncomingMessage, port: number): Promise<Response> {
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
  const headers = new Headers();
  for (const name of ['content-type', 'content-encoding', 'git-protocol']) {
    const value = request.headers[name];
    if (typeof value === 'string') headers.set(name, value);
  }
  return fetch(`http://127.0.0.1:${port}${request.url ?? ''}`, {
    method: request.method ?? 'GET',
    headers,
    ...(request.method === 'POST' ? { body: Buffer.concat(chunks) } : {}),
  });
}
