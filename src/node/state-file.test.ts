import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { explainState, readState, writeState } from './state-file.ts';

let dir: string;
let path: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'git-mirror-state-'));
  path = join(dir, 'state.json');
});
afterEach(() => rm(dir, { recursive: true, force: true }));

const repositories = [
  { name: 'a.git', upstream: '/srv/a', lastSyncAt: '2026-01-02T03:04:05.678Z' },
  { name: 'b.git', upstream: 'https://example.com/b' },
];

test('what was written is read again, and nothing else lies about', async () => {
  expect(await readState(path)).toBeUndefined();
  await writeState(path, []);
  await writeState(path, repositories);
  expect(await readState(path)).toEqual(repositories);
  expect(await readdir(dir)).toEqual(['state.json']);
});

test.each([
  '',
  '{',
  '{"version":2,"repositories":[]}',
  '{"version":1,"repositories":[{"name":"../x.git","upstream":"/x"}]}',
  '{"version":1,"repositories":[{"name":"x.git"}]}',
])('%j is refused, with a sentence of one line', async (text) => {
  await writeFile(path, text);
  const error: unknown = await readState(path).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(Error);
  expect(explainState(error)).toBe('its content is not what a node writes');
});

test('a folder that is not there is an error, and no file is left behind', async () => {
  await expect(writeState(join(dir, 'gone', 'state.json'), repositories)).rejects.toThrow();
});
