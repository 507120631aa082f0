import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { makeTemporaryFolder } from '../../test/repositories/temporary-folder.ts';
import { isSettled, readSmallFile, stampOf } from './file-stamp.ts';

it('a stamp changes when the file is written to, or another takes its place', async () => {
  await using folder = await makeTemporaryFolder();
  const path = join(folder.path, 'file');
  expect(stampOf(path)).toBeUndefined();
  expect(isSettled(undefined)).toBe(true);
  writeFileSync(path, 'one');
  const first = stampOf(path);
  expect(readSmallFile(path, 10)).toEqual({ bytes: Buffer.from('one'), stamp: first });
  expect(isSettled(first)).toBe(false);
  await setTimeout(80);
  expect(isSettled(first)).toBe(true);
  expect(stampOf(path)).toBe(first);
  writeFileSync(path, 'two');
  expect(stampOf(path)).not.toBe(first);
  await setTimeout(80);
  const second = stampOf(path);
  writeFileSync(`${path}.new`, 'two');
  renameSync(`${path}.new`, path);
  expect(stampOf(path)).not.toBe(second);
  expect(stampOf(join(path, 'below'))).toBeUndefined();
});

it('a small file is read up to a limit', async () => {
  await using folder = await makeTemporaryFolder();
  const path = join(folder.path, 'file');
  writeFileSync(path, 'x'.repeat(100));
  expect(readSmallFile(path, 100)?.bytes).toHaveLength(100);
  expect(() => readSmallFile(path, 99)).toThrow(expect.objectContaining({ code: 'GM_LIMIT' }));
  expect(readSmallFile(join(folder.path, 'none'), 1)).toBeUndefined();
  mkdirSync(join(folder.path, 'folder'));
  expect(() => readSmallFile(join(folder.path, 'folder'), 10_000)).toThrow(
    expect.objectContaining({ code: 'GM_SYSTEM' }),
  );
});
