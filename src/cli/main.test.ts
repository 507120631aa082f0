import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { z } from 'zod';
import { makeRepository } from '../../test/repositories/make-repository.ts';
import { Repository } from '../../test/repositories/repository.ts';
import { makeTemporaryFolder, type TemporaryFolder } from '../../test/repositories/temporary-folder.ts';
import { errorDocumentSchema, probeResultSchema, schemasMatchTypes, syncResultSchema } from '../sync/result-schema.ts';

const main = fileURLToPath(new URL('./main.ts', import.meta.url));

interface Ended {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

let folder: TemporaryFolder;
let source: Repository;
let target: Repository;
/** What is there to be ended after a test that went wrong. */
let children: ChildProcess[];
let servers: Server[];

beforeEach(async () => {
  folder = await makeTemporaryFolder();
  source = await makeRepository(join(folder.path, 'source.git'), { commits: 4, branches: 1, tags: 1 });
  target = await Repository.init(join(folder.path, 'target.git'));
  children = [];
  servers = [];
});
afterEach(async () => {
  for (const child of children) if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
  for (const server of servers) {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
  await folder[Symbol.asyncDispose]();
});

function start(command: string, words: readonly string[], env: NodeJS.ProcessEnv = {}) {
  const child = spawn(command, words, { cwd: folder.path, env: { ...process.env, ...env } });
  children.push(child);
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const ended = new Promise<Ended>((resolve) => {
    child.on('close', (status) => {
      resolve({ status, stdout, stderr });
    });
  });
  return { child, ended, output: () => stdout + stderr };
}

function mirror(...words: string[]): Promise<Ended> {
  return start(process.execPath, [main, ...words]).ended;
}

/** A server that takes requests and never answers; resolves `asked` at the first. */
async function startSilentServer(): Promise<{ readonly url: string; readonly asked: Promise<void> }> {
  let tell: () => void;
  const asked = new Promise<void>((resolve) => (tell = resolve));
  const server = createServer(() => {
    tell();
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/x.git`, asked };
}

/** The document on standard output: valid by `schema`, and without a field that the schema does not have. */
function documentOf(schema: z.ZodType, { stdout }: Ended): unknown {
  const document: unknown = JSON.parse(stdout);
  expect(schema.parse(document)).toEqual(document);
  return document;
}

describe('with real repositories', () => {
  test('a sync, shown to people', async () => {
    const { status, stdout, stderr } = await mirror('sync', '--tags', 'source.git', 'target.git');
    expect(stderr).toBe('');
    expect(status).toBe(0);
    expect(stdout).toMatch(/^Source {2}source\.git {2}protocol v2, HEAD main\nTarget {2}target\.git\n\nACTION {2}REF /);
    expect(stdout).toMatch(/^create {2}tags\/v1 {2}[0-9a-f]{7} {2}not on the target yet$/m);
    expect(stdout).toContain('\nDone: 3 created.\n');
    expect(await target.refs()).toEqual(await source.refs());
    await target.git('fsck', '--strict', '--connectivity-only');
  });

  test('every document is what its schema says', async () => {
    expect(schemasMatchTypes).not.toContain(false);
    const measured = ['--json', '--stats', '--measure-memory'];
    const two = await Repository.init(join(folder.path, 'two.git'));

    documentOf(probeResultSchema, await mirror('probe', ...measured, '--all-refs', 'source.git', 'target.git'));
    documentOf(syncResultSchema, await mirror('plan', ...measured, 'source.git', 'target.git'));
    const dead = await mirror('sync', ...measured, '--tags', 'source.git', 'target.git', 'two.git', 'absent.git');
    expect(dead.status).toBe(1);
    expect(documentOf(syncResultSchema, dead)).toMatchObject({
      targets: [{ counts: { applied: 3 } }, { counts: { applied: 3 } }, { error: { code: 'GM_NOT_FOUND' } }],
    });
    expect(await two.refs()).toEqual(await source.refs());

    await source.commit('refs/heads/main', { from: null });
    await source.deleteRef('refs/heads/topic-1');
    const blocked = await mirror('sync', ...measured, '--prune', 'source.git', 'target.git');
    expect(blocked.status).toBe(3);
    documentOf(syncResultSchema, blocked);
    const replicated = await mirror('replicate', ...measured, '--prune', 'source.git', 'target.git');
    expect(replicated.status).toBe(0);
    documentOf(syncResultSchema, replicated);
    expect((await target.refs()).has('refs/heads/topic-1')).toBe(false);

    await Repository.init(join(folder.path, 'new.git'));
    const bootstrapped = await mirror(
      'bootstrap',
      ...measured,
      '--target-max-pack-bytes',
      '600',
      'source.git',
      'new.git',
    );
    expect(bootstrapped.status).toBe(0);
    documentOf(syncResultSchema, bootstrapped);

    const missing = await mirror('sync', '--json', 'absent.git', 'target.git');
    expect(missing.status).toBe(1);
    expect(documentOf(errorDocumentSchema, missing)).toMatchObject({ error: { code: 'GM_NOT_FOUND' } });
    const wrong = await mirror('sync', '--json', 'source.git', 'source.git');
    expect(wrong.status).toBe(2);
    expect(documentOf(errorDocumentSchema, wrong)).toMatchObject({ error: { code: 'GM_USAGE' } });
    for (const { stderr } of [dead, blocked, replicated, bootstrapped, missing, wrong]) expect(stderr).toBe('');
  });

  test('the packet trace is appended to the file that the variable names', async () => {
    const path = join(folder.path, 'trace');
    const { ended } = start(process.execPath, [main, 'sync', '-q', source.path, target.path], {
      GIT_MIRROR_TRACE_PACKET: path,
    });
    expect(await ended).toEqual({ status: 0, stdout: '', stderr: '' });
    expect(await readFile(path, 'utf8')).toMatch(/^\d\d:\d\d:\d\d\.\d{6} packet: .*[<>] .*refs\/heads\/main/m);
  });
});

test('a reader that goes away early is no reason to complain', async () => {
  const { child, ended } = start(process.execPath, [main, 'probe', '--json', 'source.git']);
  child.stdout.destroy();
  expect(await ended).toEqual({ status: 0, stdout: '', stderr: '' });
});

test.runIf(existsSync('/dev/full'))('a result that cannot be written is a failure', async () => {
  const command = `'${process.execPath}' '${main}' probe source.git > /dev/full`;
  const { status, stderr } = await start('/bin/sh', ['-c', command]).ended;
  expect(stderr).toMatch(/^git-mirror: cannot write the result: ENOSPC.*\n$/);
  expect(status).toBe(1);
});

test.each([
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const)('%s cuts a run off', async (signal, expected) => {
  const { url, asked } = await startSilentServer();
  const { child, ended } = start(process.execPath, [main, 'sync', url, 'target.git']);
  await asked;
  child.kill(signal);
  const { status, stdout, stderr } = await ended;
  expect(stderr).toMatch(/^git-mirror: stopping\. .* to stop at once\.\n$/);
  expect(stdout).toBe('');
  expect(status).toBe(expected);
});

describe('on a terminal', () => {
  /** Runs the program on a pseudo-terminal of its own (script of util-linux). */
  function startOnTerminal(...words: string[]) {
    const command = [process.execPath, main, ...words].map((word) => `'${word}'`).join(' ');
    return start('script', ['-qec', `stty cols 70 rows 20; ${command}`, '/dev/null'], {
      TERM: 'xterm',
      NO_COLOR: '',
      FORCE_COLOR: '',
      SHELL: '/bin/sh',
    });
  }

  test('progress is drawn while it runs and is gone when the result is shown', async () => {
    const { url, asked } = await startSilentServer();
    const { ended, output } = startOnTerminal('sync', url, 'target.git');
    await asked;
    await expect.poll(output).toContain('connecting');
    servers[0]?.closeAllConnections();
    const { status, stdout } = await ended;
    expect(status).toBe(1);
    const erased = stdout.lastIndexOf('\r\u001b[J');
    expect(erased).toBeGreaterThan(0);
    expect(stdout.slice(erased)).toMatch(/^\r\u001b\[J\u001b\[31mgit-mirror:\u001b\[39m .*GM_NETWORK/);
  });

  test('a result has colours', async () => {
    const { stdout, status } = await startOnTerminal('sync', 'source.git', 'target.git').ended;
    expect(status).toBe(0);
    expect(stdout).toContain('\u001b[32mcreate\u001b[39m');
    const quiet = await startOnTerminal('sync', '--no-color', '--no-progress', 'source.git', 'target.git').ended;
    expect(quiet.stdout).not.toContain('\u001b');
  });

  test('Ctrl-C', async () => {
    const { url, asked } = await startSilentServer();
    const { child, ended } = startOnTerminal('sync', url, 'target.git');
    await asked;
    child.stdin.write('\u0003');
    const { status, stdout } = await ended;
    expect(stdout).toMatch(/git-mirror: stopping\. Press Ctrl-C again to stop at once\.\r\n$/);
    expect(status).toBe(130);
  });
});
