import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { FakeHost, probeResult, syncResult } from '../../test/cli/fake-host.ts';
import { GitMirrorError } from '../core/error.ts';

let host: FakeHost;
let folder: string;
beforeEach(async () => {
  host = new FakeHost();
  folder = await mkdtemp(join(tmpdir(), 'git-mirror-cli-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

test('flags in front of the command count, and those behind it win', async () => {
  expect(await host.run('--json', 'sync', '/one.git', '/two.git')).toBe(0);
  expect(JSON.parse(host.out)).toEqual(syncResult);
  expect(await host.run('--verbose', 'sync', '--quiet', '/one.git', '/two.git')).toBe(2);
});

test('with --json standard output holds one document and nothing else', async () => {
  host.stderr.isTTY = true;
  await host.run('probe', '--json', '/one.git');
  expect(JSON.parse(host.out)).toEqual(probeResult);

  host.out = '';
  host.answer = async () => {
    throw new GitMirrorError('GM_BUSY', 'Too much to do.', { details: { retryAfterMs: 1000 } });
  };
  expect(await host.run('sync', '--json', '/one.git', '/two.git')).toBe(1);
  expect(JSON.parse(host.out)).toEqual({
    error: { code: 'GM_BUSY', message: 'Too much to do.', retryable: true, details: { retryAfterMs: 1000 } },
  });

  host.out = '';
  expect(await host.run('sync', '--json', '--nonsense')).toBe(2);
  expect(JSON.parse(host.out)).toMatchObject({ error: { code: 'GM_USAGE', retryable: false } });

  host.out = '';
  host.env = { GIT_MIRROR_JSON: 'yes' };
  expect(await host.run('synk')).toBe(2);
  expect(JSON.parse(host.out)).toMatchObject({ error: { code: 'GM_USAGE' } });
});

test('characters that act on a terminal are escaped in JSON, and nothing is lost', async () => {
  const refs = [{ name: 'refs/heads/\u202eevil\u009b31m', hash: 'a'.repeat(40) }];
  host.answer = async () => ({ ...probeResult, refs });
  await host.run('probe', '--json', '/one.git');
  expect(host.out).not.toMatch(/[\u0080-\u009f\u202e]/);
  expect(JSON.parse(host.out)).toMatchObject({ refs });
});

test('the first signal cuts the run off, a later one ends the process', async () => {
  vi.useFakeTimers({ toFake: ['performance'] });
  try {
    host.answer = ({ options }) =>
      new Promise((_resolve, reject) => {
        options.signal?.addEventListener('abort', () => {
          reject(new GitMirrorError('GM_NETWORK', 'cut off'));
        });
        host.send('SIGINT');
        vi.advanceTimersByTime(20);
        host.send('SIGINT');
        expect(host.exits).toEqual([]);
        vi.advanceTimersByTime(300);
        host.send('SIGINT');
      });
    expect(await host.run('sync', '/one.git', '/two.git')).toBe(130);
    expect(host.exits).toEqual([130]);
    expect(host.err).toBe('git-mirror: stopping. Press Ctrl-C again to stop at once.\n');
    expect(host.out).toBe('');
    expect(host.listeners.size).toBe(0);
  } finally {
    vi.useRealTimers();
  }
});

test('other signals have their own status', async () => {
  host.answer = async ({ options }) => {
    host.send('SIGTERM');
    options.signal?.throwIfAborted();
    return syncResult;
  };
  expect(await host.run('sync', '/one.git', '/two.git')).toBe(143);
});

test('the packet trace goes where the variable says', async () => {
  const path = join(folder, 'trace');
  host.answer = async () => {
    host.clientOptions?.tracePacket?.('a line');
    return syncResult;
  };
  host.env = { GIT_MIRROR_TRACE_PACKET: path };
  await host.run('sync', '/one.git', '/two.git');
  await host.run('sync', '/one.git', '/two.git');
  expect(await readFile(path, 'utf8')).toBe('a line\na line\n');

  for (const setting of ['1', '2', 'TRUE']) {
    host.err = '';
    host.env = { GIT_MIRROR_TRACE_PACKET: setting };
    await host.run('sync', '/one.git', '/two.git');
    expect(host.err).toBe('a line\n');
  }
  host.err = '';
  host.env = { GIT_MIRROR_TRACE_PACKET: '0' };
  await host.run('sync', '/one.git', '/two.git');
  expect(host.err).toBe('');

  host.env = { GIT_MIRROR_TRACE_PACKET: folder };
  expect(await host.run('sync', '/one.git', '/two.git')).toBe(2);
  expect(host.err).toContain('GIT_MIRROR_TRACE_PACKET: cannot open');
});

test('colours follow the flag, NO_COLOR, FORCE_COLOR and the terminal, in that order', async () => {
  const isColoured = async (env: NodeJS.ProcessEnv, isTTY: boolean, ...flags: string[]) => {
    host = new FakeHost();
    host.env = env;
    host.stdout.isTTY = isTTY;
    await host.run('sync', ...flags, '/one.git', '/two.git');
    return host.out.includes('\u001b[');
  };
  expect(await isColoured({}, false)).toBe(false);
  expect(await isColoured({}, true)).toBe(true);
  expect(await isColoured({ TERM: 'dumb' }, true)).toBe(false);
  expect(await isColoured({ NO_COLOR: '1', FORCE_COLOR: '1' }, true)).toBe(false);
  expect(await isColoured({ FORCE_COLOR: '1' }, false)).toBe(true);
  expect(await isColoured({ FORCE_COLOR: '0' }, true)).toBe(false);
  expect(await isColoured({ NO_COLOR: '1' }, false, '--color')).toBe(true);
  expect(await isColoured({ FORCE_COLOR: '1' }, true, '--no-color')).toBe(false);
});

test('progress is shown on a terminal, and elsewhere only when asked for', async () => {
  const listens = async (isTTY: boolean, ...flags: string[]) => {
    host = new FakeHost();
    host.stderr.isTTY = isTTY;
    await host.run('sync', ...flags, '/one.git', '/two.git');
    return host.calls[0]?.options.onProgress !== undefined;
  };
  expect(await listens(false)).toBe(false);
  expect(await listens(true)).toBe(true);
  expect(await listens(true, '--quiet')).toBe(false);
  expect(await listens(true, '--no-progress')).toBe(false);
  expect(await listens(false, '--progress')).toBe(true);
});

test('up hands its flags to the node', async () => {
  host.env = { GIT_MIRROR_SOURCE_TOKEN: 'a-source-token' };
  const words = 'up --data /srv/x --listen [::1]:80 --interval 5m --once --json -v https://host/one.git ../two';
  expect(await host.run(...words.split(' '))).toBe(0);
  expect(host.upOptions).toMatchObject({
    repositories: ['https://host/one.git', '../two'],
    dataDir: '/srv/x',
    listen: { host: '::1', port: 80 },
    nextFreePort: false,
    intervalMs: 300_000,
    once: true,
    json: true,
    verbose: true,
  });
  expect(host.out).toBe('a line\n');
  expect((await host.credentials())[0]).toEqual({ token: 'a-source-token' });
  expect(host.upOptions?.signal?.aborted).toBe(false);

  host.env = { XDG_DATA_HOME: '/data' };
  await host.run('up');
  expect(host.upOptions).toMatchObject({ repositories: [], dataDir: '/data/git-mirror', nextFreePort: true });
});
