import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { takeDataLock } from './data-lock.ts';

let dir: string;
let path: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'git-mirror-lock-'));
  path = join(dir, 'lock');
});
afterEach(() => rm(dir, { recursive: true, force: true }));

async function deadPid(): Promise<number> {
  const child = spawn(process.execPath, ['-e', '']);
  await once(child, 'exit');
  return child.pid ?? 0;
}

test('one holder at a time; a released lock can be taken again', async () => {
  const lock = await takeDataLock(path);
  await expect(takeDataLock(path)).rejects.toMatchObject({ code: 'GM_SYSTEM', details: { pid: process.pid } });
  await lock.release();
  await lock.release();
  const again = await takeDataLock(path);
  await again.release();
  expect(await readdir(dir)).toEqual([]);
});

test('the lock of a process that is gone is taken over', async () => {
  await writeFile(path, JSON.stringify({ pid: await deadPid(), started: 'x', id: 'y' }));
  const lock = await takeDataLock(path);
  expect(JSON.parse(await readFile(path, 'utf8'))).toMatchObject({ pid: process.pid });
  await lock.release();
});

test.runIf(process.platform === 'linux')('so is one whose process id belongs to somebody else by now', async () => {
  await writeFile(path, JSON.stringify({ pid: process.pid, started: 'another boot/1', id: 'y' }));
  await (await takeDataLock(path)).release();
});

test.each(['', 'garbage', '{}', '{"pid":-1}', '{"pid":"1"}', 'null'])('%j is nobody’s lock', async (text) => {
  await writeFile(path, text);
  await (await takeDataLock(path)).release();
});

test('of many that take over a stale lock at one time, one gets it', async () => {
  for (let round = 0; round < 10; round += 1) {
    await writeFile(path, JSON.stringify({ pid: await deadPid(), started: 'x', id: 'y' }));
    const takers = await Promise.allSettled(Array.from({ length: 8 }, () => takeDataLock(path)));
    const winners = takers.filter((taker) => taker.status === 'fulfilled');
    expect(winners).toHaveLength(1);
    await winners[0]?.value.release();
    expect(await readdir(dir)).toEqual([]);
  }
});

test('a lock that somebody else has taken meanwhile is not removed', async () => {
  const lock = await takeDataLock(path);
  await writeFile(path, 'theirs');
  await lock.release();
  expect(await readFile(path, 'utf8')).toBe('theirs');
});
