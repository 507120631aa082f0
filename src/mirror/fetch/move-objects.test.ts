import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { makeTemporaryFolder } from '../../../test/repositories/temporary-folder.ts';
import { moveObjects } from './move-objects.ts';

const [one, two] = ['1', '2'].map((digit) => `pack-${digit.repeat(40)}`) as [string, string];
const loose = `ab/${'c'.repeat(38)}`;

it('moves whole packs and loose objects, and leaves what is there and what is in the making', async () => {
  await using folder = await makeTemporaryFolder();
  const [from, to] = [join(folder.path, 'from'), join(folder.path, 'to')];
  for (const path of ['from/pack', 'from/ab', 'from/info', 'to/pack'])
    await mkdir(join(folder.path, path), { recursive: true });
  const kinds = ['.idx', '.pack', '.rev', '.promisor'];
  for (const kind of kinds) await writeFile(join(from, 'pack', one + kind), 'new');
  for (const kind of ['.idx', '.pack']) {
    await writeFile(join(from, 'pack', two + kind), 'new');
    await writeFile(join(to, 'pack', two + kind), 'old');
  }
  // The pack of a move that was cut off: it has no index yet.
  await writeFile(join(to, 'pack', `${one}.pack`), 'half');
  await writeFile(join(from, loose), 'new');
  for (const left of ['pack/tmp_pack_x', `pack/${one}.keep`, 'info/packs']) await writeFile(join(from, left), 'left');
  await moveObjects(from, to);
  const names = [...kinds.map((kind) => one + kind), `${two}.idx`, `${two}.pack`].sort();
  expect((await readdir(join(to, 'pack'))).sort()).toEqual(names);
  expect(await readFile(join(to, 'pack', `${one}.pack`), 'utf8')).toBe('new');
  expect(await readFile(join(to, 'pack', `${two}.pack`), 'utf8')).toBe('old');
  expect(await readFile(join(to, loose), 'utf8')).toBe('new');
  expect((await readdir(join(from, 'pack'))).sort()).toEqual([`${one}.keep`, 'tmp_pack_x']);
});
