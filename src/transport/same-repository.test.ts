import { mkdir, mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createEmptyRepository, createSampleRepository } from '../../test/servers/sample-repository.ts';
import { sameRepository } from './same-repository.ts';

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'git-mirror-same-'));
  await createEmptyRepository(join(folder, 'bare.git'));
  await createSampleRepository(join(folder, 'work'), { bare: false });
  await mkdir(join(folder, 'other'));
  await symlink(join(folder, 'work'), join(folder, 'link'));
});

afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

it.each([
  ['https://Host/x', 'HTTPS://host:443/x/', true],
  ['https://me:pw@host/x', 'https://host/x', true],
  ['https://host/x', 'https://host/x.git', false],
  ['https://host/x', 'http://host/x', false],
  ['https://host/x', 'https://host/X', false],
  ['https://host/g?r=a', 'https://host/g?r=b', false],
  ['ssh://git@Host/x', 'git+ssh://git@host:22/x/', true],
  ['ssh://git@host/x', 'git@host:/x', true],
  ['ssh://git@host/x', 'git@host:x', false],
  ['ssh://git@host/x', 'ssh://git@host:2222/x', false],
  ['git://host/x', 'git://HOST:9418/x/', true],
  ['git://host/x', 'ssh://host/x', false],
  ['foo::x', 'foo::x/', true],
  ['foo::x', 'bar::x', false],
])('compares %s with %s: %s', async (left, right, same) => {
  expect(await sameRepository(left, right)).toBe(same);
  expect(await sameRepository(right, left)).toBe(same);
});

it('compares repositories on this machine by where they really are', async () => {
  const at = (name: string): string => join(folder, name);
  expect(await sameRepository(at('bare'), `file://${at('bare.git/')}`)).toBe(true);
  expect(await sameRepository(at('work'), at('work/.git'))).toBe(true);
  expect(await sameRepository(at('link'), at('work'))).toBe(true);
  expect(await sameRepository(at('work'), at('bare.git'))).toBe(false);
  expect(await sameRepository(at('absent'), `${at('other')}/../absent/`)).toBe(true);
});
