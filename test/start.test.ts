import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { cp, mkdtemp, readFile, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createSampleRepository, git } from './servers/sample-repository.ts';

const root = join(import.meta.dirname, '..');
const startTimeoutMs = 60_000;
/** What a checkout needs to start; `dist` only saves the time of building it again. */
const parts = [
  'assembly',
  'bin',
  'dist',
  'scripts',
  'src',
  '.gitignore',
  'package-lock.json',
  'package.json',
  'tsconfig.build.json',
  'tsconfig.json',
];

/** A run of `npm start`, or of the script behind it. */
interface Started {
  readonly child: ChildProcess;
  readonly stdout: () => string;
  readonly stderr: () => string;
  /** Exit status; resolves when the process has ended and its output has been read. */
  readonly ended: Promise<number | string>;
  /** Waits until the output matches and returns the first group. */
  waitFor(pattern: RegExp): Promise<string>;
}

let dir: string;
/** A committed copy of this checkout, in a folder with a space in its name; the installed packages are shared. */
let checkout: string;
let upstream: string;
let dataDir: string;
let started: Started[];

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'git-mirror-start-'));
  checkout = join(dir, 'a checkout');
  for (const name of parts) {
    if (existsSync(join(root, name))) await cp(join(root, name), join(checkout, name), { recursive: true });
  }
  await git(['init', '-q', '--initial-branch=main', checkout]);
  await git(['-C', checkout, 'add', '.']);
  await git(['-C', checkout, 'commit', '-q', '-m', 'checkout']);
  await symlink(join(root, 'node_modules'), join(checkout, 'node_modules'));
  upstream = join(dir, 'app.git');
  await createSampleRepository(upstream);
});
afterAll(() => rm(dir, { recursive: true, force: true }));
beforeEach(async () => {
  started = [];
  dataDir = await mkdtemp(join(dir, 'data-'));
});
afterEach(async () => {
  for (const { child, ended } of started) {
    try {
      if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
    } catch {
      // The whole group has gone.
    }
    await ended;
  }
});

/** Starts `command` in a process group of its own, as a terminal would. */
function run(command: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): Started {
  const child = spawn(command, args, {
    cwd: dir,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const ended = new Promise<number | string>((resolve) => {
    child.on('close', (code, signal) => {
      resolve(code ?? signal ?? '');
    });
  });
  const waitFor = async (pattern: RegExp): Promise<string> => {
    const isThere = () => pattern.exec(stdout)?.[1];
    await expect.poll(isThere, { timeout: startTimeoutMs, message: stderr }).toBeDefined();
    return isThere() ?? '';
  };
  const run: Started = { child, stdout: () => stdout, stderr: () => stderr, ended, waitFor };
  started.push(run);
  return run;
}

/** The script behind `npm start`. */
const start = (args: readonly string[], env: NodeJS.ProcessEnv = {}): Started =>
  run(process.execPath, [join(checkout, 'scripts', 'bootstrap.mjs'), 'start', '--listen', '127.0.0.1:0', ...args], env);

const cloneUrl = /git clone (http:\/\/127\.0\.0\.1:\d+\/\S+\.git)\n/;
const nodePid = async (folder: string): Promise<number> => {
  const lock = JSON.parse(await readFile(join(folder, 'lock'), 'utf8')) as { pid: number };
  return lock.pid;
};

describe('npm start', () => {
  test('serves this checkout; Ctrl-C ends it cleanly; a second start is quick and has lost nothing', async () => {
    // npm has to find a Node of its own: the one of the checkout need not be in PATH.
    const npm = ['--prefix', checkout, 'start', '--', '--listen', '127.0.0.1:0'];
    const first = run('npm', npm, { INIT_CWD: undefined });
    const url = await first.waitFor(cloneUrl);
    expect(url).toMatch(/\/a-checkout\.git$/);
    await git(['clone', '-q', url, join(dir, 'clone')]);
    const head = await git(['-C', checkout, 'rev-parse', 'HEAD']);
    expect(await git(['-C', join(dir, 'clone'), 'rev-parse', 'HEAD'])).toBe(head);
    expect(existsSync(join(checkout, '.data', 'repositories', 'a-checkout.git'))).toBe(true);

    // A terminal sends the signal to every process of the group.
    process.kill(-(first.child.pid ?? 0), 'SIGINT');
    expect(await first.ended).toBe(0);
    expect(first.stdout()).toContain('Stopped.');
    expect(first.stderr()).not.toMatch(/\bat .+:\d+:\d+|npm error/);

    const startedAt = performance.now();
    const second = run('npm', npm);
    await git(['ls-remote', '--exit-code', await second.waitFor(cloneUrl)]);
    expect(performance.now() - startedAt).toBeLessThan(10_000);
    expect(second.stderr()).not.toMatch(/Installing|Building/);
    process.kill(-(second.child.pid ?? 0), 'SIGINT');
    expect(await second.ended).toBe(0);
  });

  test('takes paths from where the user stands, follows updates, and ends on SIGTERM to the script alone', async () => {
    const node = start(['--data', dataDir, '--interval', '1s', 'app.git'], { INIT_CWD: dir });
    const url = await node.waitFor(cloneUrl);
    expect(url).toMatch(/\/app\.git$/);
    await git(['-C', upstream, 'update-ref', 'refs/heads/later', 'refs/heads/main']);
    await expect.poll(() => git(['ls-remote', url]), { timeout: 20_000 }).toContain('refs/heads/later');
    node.child.kill('SIGTERM');
    expect(await node.ended).toBe(0);
    expect(existsSync(join(dataDir, 'lock'))).toBe(false);
  });

  test('after a kill it serves at once what it had, and goes on', async () => {
    const first = start(['--data', dataDir, upstream]);
    await first.waitFor(cloneUrl);
    await first.waitFor(/(app\.git: \d+ created)/);
    process.kill(await nodePid(dataDir), 'SIGKILL');
    expect(await first.ended).toBe(137);
    expect(existsSync(join(dataDir, 'lock'))).toBe(true);
    const second = start(['--data', dataDir, '--json', upstream]);
    await second.waitFor(/"event":"(synced)"/);
    const events = second
      .stdout()
      .trim()
      .split('\n')
      .map((line) => (JSON.parse(line) as { event: string }).event);
    expect(events.slice(0, 3)).toEqual(['listening', 'serving', 'synced']);
    second.child.kill('SIGINT');
    expect(await second.ended).toBe(0);
  });

  test('a second node for the same data folder is refused with a sentence', async () => {
    const first = start(['--data', dataDir, upstream]);
    await first.waitFor(cloneUrl);
    const second = start(['--data', dataDir, upstream]);
    expect(await second.ended).toBe(1);
    expect(second.stderr()).toMatch(/Another node \(process \d+\) uses this data folder/);
    expect(second.stderr()).not.toMatch(/\bat .+:\d+:\d+/);
    first.child.kill('SIGTERM');
    expect(await first.ended).toBe(0);
  });
});

describe('the script that sets the checkout up', () => {
  test('knows its commands', async () => {
    const wrong = run(process.execPath, [join(checkout, 'scripts', 'bootstrap.mjs'), 'stop']);
    expect(await wrong.ended).toBe(2);
    expect(wrong.stderr()).toMatch(/^git-mirror: Usage: /);
  });

  test('does not start what cannot be built, and says so', async () => {
    const broken = join(dir, 'broken');
    await cp(checkout, broken, { recursive: true, filter: (path) => !/\/(?:dist|\.git|\.data)$/.test(path) });
    await cp(join(root, 'LICENSE'), join(broken, 'src', 'core', 'not-typescript.ts'));
    const attempt = run(process.execPath, [join(broken, 'scripts', 'bootstrap.mjs'), 'start']);
    expect(await attempt.ended).toBe(1);
    expect(attempt.stderr()).toContain('could not be built');
    expect(existsSync(join(broken, 'dist'))).toBe(false);
    expect(existsSync(join(broken, 'dist.new'))).toBe(false);
  });

  test('says in one sentence that packages cannot be installed', async () => {
    const bare = join(dir, 'bare');
    await cp(join(checkout, 'scripts'), join(bare, 'scripts'), { recursive: true });
    for (const name of ['package.json', 'package-lock.json']) await cp(join(checkout, name), join(bare, name));
    // A cache that is empty, and nothing may be asked of the network.
    const attempt = run(process.execPath, [join(bare, 'scripts', 'bootstrap.mjs'), 'start'], {
      npm_config_offline: 'true',
      npm_config_cache: join(dir, 'no-cache'),
      PATH: (process.env['PATH'] ?? '')
        .split(delimiter)
        .filter((folder) => !folder.includes('node_modules'))
        .join(delimiter),
    });
    expect(await attempt.ended).toBe(1);
    expect(attempt.stderr()).toContain('could not be installed');
    expect(attempt.stderr()).not.toMatch(/\bat .+:\d+:\d+/);
  });
});
