import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createSampleRepository, git } from '../../test/servers/sample-repository.ts';
import { removeCrashLeftovers } from './crash-leftovers.ts';

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'git-mirror-leftovers-'));
  await createSampleRepository(dir);
});
afterEach(() => rm(dir, { recursive: true, force: true }));

test('removes what a killed git leaves, and nothing that belongs to the repository', async () => {
  await git(['-C', dir, 'repack', '-adq']);
  await git(['-C', dir, 'update-ref', 'refs/heads/tmp_pack_x', 'refs/heads/main']);
  const before = await git(['-C', dir, 'for-each-ref']);
  const leftovers = [
    'HEAD.lock',
    'packed-refs.lock',
    'refs/heads/main.lock',
    'refs/heads/deep/er.lock',
    'objects/pack/tmp_pack_abcdef',
    'objects/pack/.tmp-123-pack-abc.pack',
    'objects/tmp_objdir-incoming-abc/pack/x.pack',
    'objects/ab/tmp_obj_xyz',
  ];
  for (const name of leftovers) {
    await mkdir(dirname(join(dir, name)), { recursive: true });
    await writeFile(join(dir, name), 'x');
  }
  await writeFile(join(dir, 'gc.pid'), 'kept');
  expect(await removeCrashLeftovers(dir)).toBe(leftovers.length);
  expect(leftovers.filter((name) => existsSync(join(dir, name)))).toEqual([]);
  expect(existsSync(join(dir, 'gc.pid'))).toBe(true);
  expect(await git(['-C', dir, 'for-each-ref'])).toBe(before);
  await git(['-C', dir, 'fsck', '--strict']);
  await git(['-C', dir, 'update-ref', 'refs/heads/main', 'refs/heads/old']);
});
