import { mkdir, rename, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { runGit } from '../../test/repositories/run-git.ts';
import { makeTemporaryFolder, type TemporaryFolder } from '../../test/repositories/temporary-folder.ts';
import { parseRoute } from './route.ts';
import { RepositoryRoot } from './repository-root.ts';

let folder: TemporaryFolder;
let path: (...parts: readonly string[]) => string;
let root: RepositoryRoot;

const init = (...args: readonly string[]): Promise<string> => runGit(['init', '-q', ...args]);

beforeAll(async () => {
  folder = await makeTemporaryFolder();
  path = (...parts) => join(folder.path, ...parts);
  await init('--bare', path('root', 'group', 'bare.git'));
  await init('--bare', path('root', 'plain'));
  await init(path('root', 'checkout'));
  await init(path('root', 'named.git'));
  await init('--separate-git-dir', path('root', 'separate.data'), path('root', 'linked'));
  await init('--bare', path('outside', 'secret.git'));
  await init('--separate-git-dir', path('outside', 'separate.data'), path('root', 'linked-out'));
  await init('--bare', path('root-neighbour', 'near.git'));
  await init('--bare', path('root', '.hidden', 'a.git'));
  await symlink(path('outside', 'secret.git'), path('root', 'escape.git'));
  await symlink(path('root-neighbour', 'near.git'), path('root', 'near.git'));
  await symlink(path('root', 'plain'), path('root', 'inside.git'));
  await init('--bare', path('root', 'borrowed.git'));
  await rename(path('root', 'borrowed.git'), path('root', 'kept.git'));
  await mkdir(path('root', 'borrowed.git'));
  await writeFile(path('root', 'borrowed.git', 'HEAD'), 'ref: refs/heads/main\n');
  await writeFile(path('root', 'borrowed.git', 'commondir'), path('outside', 'secret.git'));
  await mkdir(path('root', 'empty.git'));
  await writeFile(path('root', 'file.git'), 'gitdir: /etc\n');
  root = new RepositoryRoot(path('root'), { exportAll: true });
});
afterAll(() => folder[Symbol.asyncDispose]());

describe('RepositoryRoot', () => {
  test.each([
    ['group/bare.git', 'group/bare.git'],
    ['group/bare', 'group/bare.git'],
    ['plain', 'plain'],
    ['checkout', 'checkout/.git'],
    ['checkout/.git', 'checkout/.git'],
    ['named.git', 'named.git/.git'],
    ['named', 'named.git/.git'],
    ['linked', 'separate.data'],
    ['inside', 'plain'],
  ])('%s is found as git finds it', async (name, directory) => {
    expect(await root.find(name)).toEqual({ kind: 'found', name, directory: path('root', directory) });
    // Git's own servers say the same.
    const theirs = await runGit(['upload-pack', '--advertise-refs', path('root', name)]).then(
      () => true,
      () => false,
    );
    expect(theirs).toBe(true);
  });

  test.each([
    'group',
    'x.git',
    'escape.git',
    'escape',
    'near.git',
    'linked-out',
    'borrowed.git',
    'empty.git',
    'file.git',
    '.hidden/a.git',
    '.hidden/a',
    '../outside/secret.git',
    'group/../plain',
    './plain',
    'plain/',
    '/plain',
    'plain//.git',
    'plain\0',
    'pl\\ain',
    'checkout/.git/.git',
    '',
  ])('%j is not', async (name) => {
    expect(await root.find(name)).toEqual({ kind: 'unknown' });
  });

  test('nor is a name that is too long', async () => {
    expect(await root.find('a'.repeat(5000))).toEqual({ kind: 'unknown' });
  });

  test('a repository that is the root itself has the empty name', async () => {
    expect(await new RepositoryRoot(path('root', 'checkout'), { exportAll: true }).find('')).toMatchObject({
      kind: 'found',
      directory: path('root', 'checkout', '.git'),
    });
  });

  test('without exportAll only those with git-daemon-export-ok are served, and listed', async () => {
    const strict = new RepositoryRoot(path('root'));
    expect(await strict.find('plain')).toEqual({ kind: 'not-exported', name: 'plain' });
    expect(await strict.list()).toEqual([]);
    await writeFile(path('root', 'plain', 'git-daemon-export-ok'), '');
    expect(await strict.find('plain')).toMatchObject({ kind: 'found' });
    expect((await new RepositoryRoot(path('root')).list()).map(({ name }) => name)).toEqual(['plain']);
  });

  test('the list has what is below the root, hidden folders and links left out', async () => {
    const names = (await root.list()).map(({ name }) => name);
    expect(names).toEqual(['checkout', 'group/bare.git', 'kept.git', 'linked', 'named.git', 'plain', 'separate.data']);
  });

  test('somebody else’s repository is not read, and the log says how to allow it', async () => {
    const asked: (readonly string[])[] = [];
    const guarded = new RepositoryRoot(path('root'), {
      exportAll: true,
      ownership: async (paths) => {
        asked.push(paths);
        return 'not yours';
      },
    });
    expect(await guarded.find('linked')).toEqual({ kind: 'unsafe', name: 'linked', reason: 'not yours' });
    expect(asked).toEqual([[path('root', 'linked', '.git'), path('root', 'separate.data')]]);
  });

  test('whatever a URL holds, what is found lies below the root', async () => {
    const piece = fc.constantFrom('..', '.', '/', '%2e', '%2F', '%5c', '%00', 'plain', 'escape.git', '.git', 'outside');
    await fc.assert(
      fc.asyncProperty(fc.array(piece, { maxLength: 8 }), async (pieces) => {
        const route = parseRoute(`/${pieces.join('')}/info/refs`);
        if (route.kind !== 'git') return;
        const found = await root.find(route.repository);
        if (found.kind === 'found') expect(found.directory.startsWith(`${path('root')}/`)).toBe(true);
      }),
    );
  });
});
