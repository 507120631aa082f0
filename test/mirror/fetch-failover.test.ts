import { execFile } from 'node:child_process';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { openMirrorLab, type MirrorLab } from './lab/mirror-lab.ts';
import type { Site } from './lab/site.ts';

const timeoutMs = 240_000;
const shape = { commits: 10, branches: 1, tags: 1, fileBytes: 50_000 };

/** A clone of the origin whose mirrors, and the patience with them, are configured. */
async function cloneWith(lab: MirrorLab, mirrors: readonly Site[], settings: Record<string, string> = {}) {
  const cwd = join(lab.client.work, 'clone');
  await lab.client.gitText(['clone', '--quiet', lab.origin.url, cwd]);
  for (const { url } of mirrors) await lab.client.gitText(['config', '--add', 'remote.origin.mirrorUrl', url], { cwd });
  for (const [key, value] of Object.entries(settings)) await lab.client.gitText(['config', key, value], { cwd });
  return cwd;
}

const impatient = { 'mirror.firstByte': '4s', 'mirror.stall': '2s', 'mirror.minRate': '200k' };

/** Nothing is half there: no temporary file, no lock, every ref whole. */
async function expectWhole(lab: MirrorLab, cwd: string): Promise<void> {
  const names = await readdir(join(cwd, '.git'), { recursive: true });
  expect(names.filter((name) => /tmp_|\.lock$|\.keep$/.test(name))).toEqual([]);
  await lab.client.gitText(['fsck', '--strict', '--no-dangling'], { cwd });
}

async function expectCurrent(lab: MirrorLab, cwd: string): Promise<void> {
  const main = await lab.origin.repository.tip('refs/heads/main');
  expect(await lab.client.gitText(['rev-parse', 'refs/remotes/origin/main'], { cwd })).toBe(main);
}

test(
  'M3: a mirror that is stale, cut, dead, silent or slow is left for the next, and at last for the origin',
  async () => {
    await using lab = await openMirrorLab({ shape });
    const stale = await lab.addMirror();
    const mirrors = [
      stale,
      ...(await Promise.all(['cut', 'dead', 'silent', 'slow'].map((name) => lab.addMirror({ name })))),
    ];
    const [, cut, dead, silent, slow] = mirrors;
    const cwd = await cloneWith(lab, mirrors, impatient);
    await lab.commit({ fileBytes: 300_000 });
    await lab.sync(stale);
    await lab.commit({ fileBytes: 300_000 });
    for (const mirror of mirrors.slice(1)) await lab.sync(mirror);
    await cut?.link.reshape({ cutAfterBytes: 30_000 });
    await dead?.link.reshape({ isRefused: true });
    await silent?.link.reshape({ stallAfterBytes: 30_000 });
    await slow?.link.reshape({ bytesPerSecond: 20_000 });
    lab.forget();
    const { status, stderr } = await lab.client.mirror(['fetch'], { cwd });
    expect(status).toBe(0);
    const notes = stderr.split('\n').filter((line) => /^git-mirror: mirror .* left: /.test(line));
    expect(notes.map((line) => line.replace(/.* left: /, ''))).toEqual([
      expect.any(String),
      expect.any(String),
      expect.stringMatching(/^(?:it stalled for 2 s|no object came in \d+)/),
      expect.stringMatching(/^(?:it stalled for 2 s|it sent \d+ bytes a second, less than 204800)$/),
    ]);
    // The stale one has given the first half, and it was not sent again.
    expect(stale.link.bytesToClients).toBeGreaterThan(300_000);
    expect(lab.origin.link.bytesToClients).toBeLessThan(350_000);
    expect(await lab.client.gitText(['for-each-ref', 'refs/mirror'], { cwd })).toBe('');
    await expectCurrent(lab, cwd);
    await expectWhole(lab, cwd);
  },
  timeoutMs,
);

test(
  'M3: what arrived before the origin failed is kept, and asked of nobody again',
  async () => {
    await using lab = await openMirrorLab({ shape });
    const mirror = await lab.addMirror();
    const cwd = await cloneWith(lab, [mirror]);
    await lab.commit({ fileBytes: 300_000 });
    await lab.sync(mirror);
    // It lists its refs, and fails when git fetch comes.
    await lab.origin.link.reshape({ latencyMs: 1 });
    const fetching = lab.client.start('git-mirror', ['fetch'], { cwd });
    await expect.poll(() => mirror.link.bytesToClients, { timeout: 60_000 }).toBeGreaterThan(0);
    await lab.origin.link.reshape({ isRefused: true });
    expect((await fetching.ended).status).toBe(128);
    expect(await lab.client.gitText(['for-each-ref', '--format=%(refname)', 'refs/mirror'], { cwd })).toMatch(
      /^refs\/mirror\/[^/]+\/heads\/main$/,
    );
    await lab.origin.link.reshape({});
    lab.forget();
    expect((await lab.client.mirror(['fetch'], { cwd })).status).toBe(0);
    expect(mirror.link.bytesToClients).toBe(0);
    expect(lab.origin.link.bytesToClients).toBeLessThan(10_000);
    await expectCurrent(lab, cwd);
    await expectWhole(lab, cwd);
  },
  timeoutMs,
);

test(
  'M3: Ctrl-C leaves the mirror for the next one',
  async () => {
    await using lab = await openMirrorLab({ shape });
    const [silent, good] = [await lab.addMirror(), await lab.addMirror()];
    const cwd = await cloneWith(lab, [silent, good]);
    await lab.commit({ fileBytes: 300_000 });
    for (const mirror of lab.mirrors) await lab.sync(mirror);
    await silent.link.reshape({ stallAfterBytes: 20_000 });
    lab.forget();
    const fetching = lab.client.start('git-mirror', ['fetch'], { cwd });
    await expect.poll(() => silent.link.bytesToClients, { timeout: 60_000 }).toBeGreaterThan(19_999);
    process.kill(-Number(fetching.child.pid), 'SIGINT');
    const { status, stderr } = await fetching.ended;
    expect(stderr).toMatch(/mirror .* passed over\n/);
    expect(status).toBe(0);
    expect(good.link.bytesToClients).toBeGreaterThan(300_000);
    expect(lab.origin.link.bytesToClients).toBeLessThan(10_000);
    await expectCurrent(lab, cwd);
    await expectWhole(lab, cwd);
  },
  timeoutMs,
);

test.each([
  ['SIGINT', 2, 130],
  ['SIGTERM', 1, 143],
  ['SIGHUP', 1, 129],
] as const)(
  'M3: %s (%i times) stops, and nothing is half written',
  async (signal, times, expected) => {
    await using lab = await openMirrorLab({ shape });
    const mirrors = [await lab.addMirror(), await lab.addMirror()];
    const cwd = await cloneWith(lab, mirrors);
    const before = await lab.client.gitText(['for-each-ref'], { cwd });
    await lab.commit({ fileBytes: 300_000 });
    for (const mirror of mirrors) {
      await lab.sync(mirror);
      await mirror.link.reshape({ stallAfterBytes: 20_000 });
    }
    lab.forget();
    const fetching = lab.client.start('git-mirror', ['fetch'], { cwd });
    await expect.poll(() => mirrors[0]?.link.bytesToClients, { timeout: 60_000 }).toBeGreaterThan(19_999);
    process.kill(-Number(fetching.child.pid), signal);
    if (times === 2) {
      await new Promise((resolve) => setTimeout(resolve, 500));
      process.kill(-Number(fetching.child.pid), signal);
    }
    expect((await fetching.ended).status).toBe(expected);
    expect(await lab.client.gitText(['for-each-ref'], { cwd })).toBe(before);
    await expectWhole(lab, cwd);
    // The children in groups of their own have ended, too.
    const [silent] = mirrors;
    const processes = await promisify(execFile)('ps', ['-ewwo', 'args'], { maxBuffer: 64 * 1024 * 1024 });
    expect(processes.stdout.split('\n').filter((line) => line.includes(silent?.url ?? ''))).toEqual([]);
  },
  timeoutMs,
);

test(
  'M3: Ctrl-C while the origin is asked stops',
  async () => {
    await using lab = await openMirrorLab({ shape });
    const cwd = await cloneWith(lab, [await lab.addMirror()]);
    await lab.origin.link.reshape({ stallAfterBytes: 0 });
    lab.forget();
    const fetching = lab.client.start('git-mirror', ['fetch'], { cwd });
    await expect.poll(() => lab.origin.link.connections.length, { timeout: 60_000 }).toBeGreaterThan(0);
    process.kill(-Number(fetching.child.pid), 'SIGINT');
    expect(await fetching.ended).toMatchObject({ status: 130, stdout: '' });
    await expectWhole(lab, cwd);
  },
  timeoutMs,
);
