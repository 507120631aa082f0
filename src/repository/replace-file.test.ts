import { mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { replaceFile } from './replace-file.ts';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'git-mirror-test-'));
});

afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

test('makes a file, and replaces it', async () => {
  const path = join(folder, 'state.json');
  for (const text of ['one', 'two, and longer']) {
    await replaceFile(path, text);
    expect(await readFile(path, 'utf8')).toBe(text);
  }
  expect(await readdir(folder)).toEqual(['state.json']);
});

test('of many at once one is there whole, and nothing else', async () => {
  const path = join(folder, 'state.json');
  const texts = Array.from({ length: 20 }, (_, index) => String(index).repeat(10_000));
  await Promise.all(texts.map((text) => replaceFile(path, text)));
  expect(texts).toContain(await readFile(path, 'utf8'));
  expect(await readdir(folder)).toEqual(['state.json']);
});

test('leaves nothing behind when it cannot', async () => {
  const path = join(folder, 'state.json');
  await mkdir(path);
  await expect(replaceFile(path, 'text')).rejects.toThrow();
  expect(await readdir(folder)).toEqual(['state.json']);
});
