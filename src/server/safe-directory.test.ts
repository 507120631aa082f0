import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { runGit } from '../../test/repositories/run-git.ts';
import { makeTemporaryFolder, type TemporaryFolder } from '../../test/repositories/temporary-folder.ts';
import { createOwnershipCheck } from './safe-directory.ts';

let folder: TemporaryFolder;
let directory: string;
const own = process.geteuid?.() ?? 0;
const somebodyElse = own + 1;

beforeEach(async () => {
  folder = await makeTemporaryFolder();
  directory = join(folder.path, 'a.git');
  await mkdir(directory);
});
afterEach(() => folder[Symbol.asyncDispose]());

async function isAllowed(config: string, uid = somebodyElse, more: NodeJS.ProcessEnv = {}): Promise<boolean> {
  const file = join(folder.path, 'config');
  await writeFile(file, config);
  const env = { HOME: folder.path, GIT_CONFIG_NOSYSTEM: '1', GIT_CONFIG_GLOBAL: file, ...more };
  return (await createOwnershipCheck({ env, uid })([directory])) === undefined;
}

test('what belongs to this user may be read', async () => {
  expect(await isAllowed('', own)).toBe(true);
  expect(await isAllowed('')).toBe(false);
  expect(await isAllowed('', 0, { SUDO_UID: String(own) })).toBe(true);
});

test.each([
  ['*', true],
  ['DIR/a.git', true],
  ['DIR/a.git/', true],
  ['DIR/*', true],
  ['~/a.git', true],
  ['DIR/b.git', false],
  ['DIR', false],
  ['/', false],
  ['', false],
])('safe.directory = %s', async (value, expected) => {
  expect(await isAllowed(`[safe]\n\tdirectory = ${value.replace('DIR', folder.path)}\n`)).toBe(expected);
});

test('an empty value takes back those in front of it', async () => {
  expect(await isAllowed('[safe]\n\tdirectory = *\n\tdirectory =\n')).toBe(false);
  expect(await isAllowed('[safe]\n\tdirectory =\n\tdirectory = *\n')).toBe(true);
});

test('git itself judges alike', async () => {
  await runGit(['init', '-q', '--bare', directory]);
  const git = async (config: string): Promise<boolean> => {
    const file = join(folder.path, 'config');
    await writeFile(file, config);
    const env = { GIT_CONFIG_GLOBAL: file, GIT_TEST_ASSUME_DIFFERENT_OWNER: '1', HOME: folder.path };
    return runGit(['upload-pack', '--advertise-refs', directory], { env }).then(
      () => true,
      () => false,
    );
  };
  for (const value of ['*', directory, join(folder.path, 'b.git'), '']) {
    const config = `[safe]\n\tdirectory = ${value}\n`;
    expect([value, await isAllowed(config)]).toEqual([value, await git(config)]);
  }
});
