import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { resolveUpstream } from './upstream.ts';

let dir: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'git-mirror-upstream-'));
  await mkdir(join(dir, 'host:repo'));
  await mkdir(join(dir, 'plain'));
});
afterAll(() => rm(dir, { recursive: true, force: true }));

test('a path is made absolute, whether it exists or not', () => {
  expect(resolveUpstream('plain', dir)).toMatchObject({ url: join(dir, 'plain'), localPath: join(dir, 'plain') });
  expect(resolveUpstream('./missing', dir).localPath).toBe(join(dir, 'missing'));
  expect(resolveUpstream('..', join(dir, 'plain')).localPath).toBe(dir);
});

test('file:// and a plain path are the same upstream', () => {
  expect(resolveUpstream(`file://${dir}/plain`, '/')).toEqual(resolveUpstream('plain', dir));
});

test('what looks like host:path is a path when there is one', () => {
  expect(resolveUpstream('host:repo', dir).localPath).toBe(join(dir, 'host:repo'));
  expect(resolveUpstream('host:other', dir)).toEqual({ url: 'host:other', shownUrl: 'host:other' });
});

test('credentials are used, and shown to nobody', () => {
  const upstream = resolveUpstream('https://me:secret@example.com/app.git', dir);
  expect(upstream.url).toContain('secret');
  expect(upstream.shownUrl).toBe('https://example.com/app.git');
});

test.each(['', 'http://', 'ssh://-x/y'])('%j is refused', (text) => {
  expect(() => resolveUpstream(text, dir)).toThrow(expect.objectContaining({ code: 'GM_USAGE' }));
});
