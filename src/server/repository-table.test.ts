import { mkdir, mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { isRepositoryName, RepositoryTable } from './repository-table.ts';

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'git-mirror-table-'));
  await mkdir(join(dir, 'root', 'a.git'), { recursive: true });
  await mkdir(join(dir, 'root-two', 'b.git'), { recursive: true });
  await symlink(join(dir, 'root-two', 'b.git'), join(dir, 'root', 'b.git'));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

const tableWith = (name: string, directory: string, state: 'ready' | 'preparing' = 'ready') => {
  const table = new RepositoryTable(join(dir, 'root'));
  table.set({ name, directory, state });
  return table;
};

describe('RepositoryTable', () => {
  test('finds a name with and without .git, and nothing else', async () => {
    const table = tableWith('a.git', join(dir, 'root', 'a.git'));
    expect(await table.find('a.git')).toMatchObject({ kind: 'found', name: 'a.git' });
    expect(await table.find('a')).toMatchObject({ kind: 'found', name: 'a.git' });
    expect(await table.find('A.git')).toEqual({ kind: 'unknown' });
    expect(await table.find('root/a.git')).toEqual({ kind: 'unknown' });
    table.delete('a.git');
    expect(await table.find('a.git')).toEqual({ kind: 'unknown' });
  });

  test('a repository whose first copy is not complete is being prepared', async () => {
    const table = tableWith('a.git', join(dir, 'root', 'a.git'), 'preparing');
    expect(await table.find('a.git')).toEqual({ kind: 'preparing', name: 'a.git' });
  });

  test('a symbolic link out of the root is not followed, nor a neighbour whose name begins alike', async () => {
    expect(await tableWith('b.git', join(dir, 'root', 'b.git')).find('b.git')).toEqual({ kind: 'unknown' });
    expect(await tableWith('b.git', join(dir, 'root-two', 'b.git')).find('b.git')).toEqual({ kind: 'unknown' });
    expect(await tableWith('c.git', join(dir, 'root')).find('c.git')).toEqual({ kind: 'unknown' });
  });

  test('a directory that has gone is unknown', async () => {
    expect(await tableWith('x.git', join(dir, 'root', 'x.git')).find('x.git')).toEqual({ kind: 'unknown' });
  });

  test.each(['.git', '../a.git', 'a/../b.git', 'a', 'a b.git', '-a.git', 'a//b.git', '/a.git', 'a/.b.git', 'a..b.git'])(
    '%j is no name',
    (name) => {
      expect(isRepositoryName(name)).toBe(false);
      expect(() => tableWith(name, dir)).toThrow(expect.objectContaining({ code: 'GM_USAGE' }));
    },
  );

  test.each(['a.git', 'group/a.b-c_d.git', '0.git', 'a+b.git'])('%j is a name', (name) => {
    expect(isRepositoryName(name)).toBe(true);
  });
});
