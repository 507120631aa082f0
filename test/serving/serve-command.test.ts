import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { makeRepository } from '../repositories/make-repository.ts';
import { Repository } from '../repositories/repository.ts';
import { runGit } from '../repositories/run-git.ts';
import { makeTemporaryFolder, type TemporaryFolder } from '../repositories/temporary-folder.ts';

const main = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));

interface LogLine {
  readonly event: string;
  readonly message: string;
  readonly url?: string;
  readonly [field: string]: unknown;
}

interface Served {
  readonly child: ChildProcess;
  readonly lines: LogLine[];
  readonly url: string;
  readonly errors: () => string;
  readonly ended: Promise<number | null>;
  find(event: string): LogLine | undefined;
}

let folder: TemporaryFolder;
let root: string;
let source: Repository;
let running: Served[] = [];

beforeAll(async () => {
  folder = await makeTemporaryFolder();
  root = join(folder.path, 'a root');
  await mkdir(root);
  source = await makeRepository(join(root, 'a.git'), { commits: 8, branches: 2, tags: 2 });
});
afterEach(async () => {
  for (const { child, ended } of running) {
    if (child.exitCode === null) child.kill('SIGKILL');
    await ended;
  }
  running = [];
});
afterAll(() => folder[Symbol.asyncDispose]());

async function serve(words: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Served> {
  const args = [main, 'serve', '--json', '--verbose', '--listen', '127.0.0.1:0', ...words, root];
  const child = spawn(process.execPath, args, { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
  const lines: LogLine[] = [];
  let rest = '';
  let errors = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    const parts = (rest + text).split('\n');
    rest = parts.pop() ?? '';
    for (const part of parts) if (part.startsWith('{')) lines.push(JSON.parse(part) as LogLine);
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text));
  const ended = once(child, 'close').then(([code]) => code as number | null);
  const find = (event: string): LogLine | undefined => lines.find((line) => line.event === event);
  const served = { child, lines, url: '', errors: () => errors, ended, find };
  running.push(served);
  await expect
    .poll(() => find('listening')?.url ?? (child.exitCode === null ? undefined : errors), { timeout: 20_000 })
    .toMatch(/^http/);
  return { ...served, url: find('listening')?.url ?? '' };
}

async function clone(url: string, name: string): Promise<Repository> {
  const copy = new Repository(join(folder.path, name));
  await runGit(['clone', '-q', '--mirror', url, copy.path]);
  return copy;
}

describe('git mirror serve', () => {
  test('serves over HTTP and git://, counts, logs, and ends when it is told to', async () => {
    const served = await serve(['--export-all', '--git-listen', '127.0.0.1:0', '--metrics-listen', '127.0.0.1:0']);
    expect(await (await clone(`${served.url}a.git`, 'http.git')).refs()).toEqual(await source.refs());
    const gitUrl = served.find('listening-git')?.url ?? '';
    expect(await (await clone(`${gitUrl}a.git`, 'daemon.git')).refs()).toEqual(await source.refs());
    const metricsUrl = served.find('listening-metrics')?.url ?? '';
    const metrics = await (await fetch(metricsUrl)).text();
    expect(metrics).toMatch(
      /git_mirror_requests_total\{backend="native",command="fetch",filter="none",result="ok"\} 2/,
    );
    // What a server tells of itself is not told at the public port.
    expect((await fetch(`${served.url}metrics`)).status).toBe(404);
    const requests = served.lines.filter(({ event }) => event === 'request');
    expect(requests.map(({ method }) => method)).toEqual(['GET', 'POST', 'POST', 'git']);
    expect(requests[2]).toMatchObject({
      repository: 'a.git',
      status: 200,
      backend: 'native',
      facts: { command: 'fetch' },
    });
    served.child.kill('SIGTERM');
    expect(await served.ended).toBe(0);
    expect(served.find('stopped')).toBeDefined();
  });

  test.each(['git', 'native'])('GIT_MIRROR_BACKEND=%s is the way there and back', async (backend) => {
    const served = await serve(['--export-all'], { GIT_MIRROR_BACKEND: backend });
    await clone(`${served.url}a`, `way-${backend}.git`);
    expect(new Set(served.lines.filter(({ event }) => event === 'request').map((line) => line['backend']))).toEqual(
      new Set([backend]),
    );
  });

  test('a request that is running may finish before the end, a new one is not taken', async () => {
    const served = await serve(['--export-all']);
    const port = Number(new URL(served.url).port);
    const socket = connect({ host: '127.0.0.1', port });
    await once(socket, 'connect');
    const body = '0014command=ls-refs\n0000';
    socket.write(
      `POST /a.git/git-upload-pack HTTP/1.1\r\nHost: x\r\nContent-Length: ${body.length}\r\nGit-Protocol: version=2\r\n` +
        `Connection: close\r\nContent-Type: application/x-git-upload-pack-request\r\n\r\n${body.slice(0, 10)}`,
    );
    await delay(200);
    served.child.kill('SIGTERM');
    await delay(300);
    await expect(fetch(served.url)).rejects.toThrow();
    let answer = '';
    socket.on('data', (chunk: Buffer) => (answer += chunk.toString('latin1')));
    socket.write(body.slice(10));
    await once(socket, 'close');
    expect(answer).toContain('refs/heads/main');
    expect(await served.ended).toBe(0);
  });

  test('nothing exported is said, and how to change it', async () => {
    const served = await serve([]);
    await expect.poll(() => served.find('nothing-exported')?.message).toMatch(/git-daemon-export-ok/);
    expect((await fetch(`${served.url}a.git/HEAD`)).status).toBe(403);
  });

  test('a push is refused unless it is allowed, and then the repository decides', async () => {
    const work = join(folder.path, 'work');
    const closed = await serve(['--export-all']);
    await runGit(['clone', '-q', `${closed.url}a.git`, work]);
    await expect(runGit(['push', '-q', 'origin', 'HEAD:refs/heads/pushed'], { cwd: work })).rejects.toThrow(/403/);
    const open = await serve(['--export-all', '--allow-push']);
    const push = ['push', '-q', `${open.url}a.git`, 'HEAD:refs/heads/pushed'];
    await expect(runGit(push, { cwd: work })).rejects.toThrow(/403/);
    await source.configure('http.receivepack', 'true');
    await runGit(push, { cwd: work });
    expect(await source.tip('refs/heads/pushed')).toBe(await source.tip('refs/heads/main'));
    await source.deleteRef('refs/heads/pushed');
  });

  test('the spans of an SDK that is loaded before have the phases of a fetch', async () => {
    const preload = join(folder.path, 'preload.mjs');
    const sdk = import.meta.resolve('@opentelemetry/sdk-trace-base');
    const api = import.meta.resolve('@opentelemetry/api');
    await writeFile(
      preload,
      `import { isMainThread } from 'node:worker_threads';
      import { trace } from ${JSON.stringify(api)};
      import { BasicTracerProvider, ConsoleSpanExporter, SimpleSpanProcessor } from ${JSON.stringify(sdk)};
      const exporter = { export: (spans, done) => { for (const { name } of spans) process.stderr.write('span ' + name + '\\n'); done({ code: 0 }); }, shutdown: async () => {} };
      if (isMainThread) trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] }));`,
    );
    const served = await serve(['--export-all'], { NODE_OPTIONS: `--import=${preload.replaceAll(' ', '%20')}` });
    await clone(`${served.url}a.git`, 'traced.git');
    for (const name of ['request', 'parse', 'traverse', 'compress', 'stream']) {
      await expect.poll(served.errors).toContain(`span git-mirror.${name}\n`);
    }
  });
});
