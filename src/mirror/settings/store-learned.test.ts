import { readFile, writeFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { runGit } from '../../../test/repositories/run-git.ts';
import { makeTemporaryFolder } from '../../../test/repositories/temporary-folder.ts';
import { openGitProgram } from '../git-program.ts';
import { readRemoteMirrors, type LearnedMirrors } from './remote-mirrors.ts';
import { storeLearned, storeRankings } from './store-learned.ts';

const learned: LearnedMirrors = {
  canonicalUrls: ['https://origin.example/app.git'],
  mirrors: [{ url: 'https://one.example/app.git', region: 'DE', stratum: 1 }, { url: 'git://two.example/app.git' }],
  prefer: 'always',
  more: { count: 7, cursor: 'abc-2' },
  learnedAtMs: 1_700_000_000_000,
};

async function openScene(remote = 'origin') {
  const folder = await makeTemporaryFolder();
  await runGit(['init', '-q', folder.path]);
  const config = (...args: readonly string[]) => runGit(['config', ...args], { cwd: folder.path });
  await config(`remote.${remote}.url`, 'https://origin.example/app.git');
  return {
    git: openGitProgram(process.env, folder.path),
    config,
    path: `${folder.path}/.git/config`,
    [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
  };
}

describe('storeLearned', () => {
  it.each(['origin', 'a.b', 'odd "name"\\', 'https://origin.example/app.git'])(
    'M4, M5: git config shows what was learned, and it is read again: remote %s',
    async (remote) => {
      await using scene = await openScene(remote);
      await storeLearned(scene.git, remote, learned);
      expect((await readRemoteMirrors(scene.git, remote)).learned).toEqual(learned);
      expect(await scene.config('--get-all', `remote.${remote}.learnedMirrorUrl`)).toBe(
        'https://one.example/app.git region=DE stratum=1\ngit://two.example/app.git',
      );
    },
  );

  it('M5: leaves alone what the user has set, comments too', async () => {
    await using scene = await openScene();
    await scene.config('--add', 'remote.origin.mirrorUrl', 'https://mine.example/app.git');
    await scene.config('remote.origin.canonicalUrl', 'https://name.example/app.git');
    await scene.config('remote.origin.preferMirror', 'never');
    await writeFile(scene.path, `${await readFile(scene.path, 'utf8')}# kept\n[core]\n\tabbrev = 12\n`);
    const before = await readFile(scene.path, 'utf8');
    await storeLearned(scene.git, 'origin', learned);
    expect((await readFile(scene.path, 'utf8')).startsWith(before)).toBe(true);
    const nothing = { canonicalUrls: [], mirrors: [], prefer: undefined, more: undefined, learnedAtMs: undefined };
    await storeLearned(scene.git, 'origin', nothing);
    expect(await readFile(scene.path, 'utf8')).toBe(before);
  });

  it('does not make the file grow', async () => {
    await using scene = await openScene();
    await storeLearned(scene.git, 'origin', learned);
    const once = await readFile(scene.path, 'utf8');
    for (let time = 0; time < 3; time += 1) await storeLearned(scene.git, 'origin', learned);
    expect(await readFile(scene.path, 'utf8')).toBe(once);
  });

  it('loses nothing that git config writes at the same time', async () => {
    await using scene = await openScene();
    const set = async (number: number): Promise<void> => {
      for (let tries = 0; tries < 50; tries += 1) {
        try {
          await scene.config(`test.key${String(number)}`, 'yes');
          return;
        } catch (error) {
          // Git waits for no lock.
          if (!String(error).includes('could not lock')) throw error;
        }
      }
    };
    await Promise.all([
      ...Array.from({ length: 8 }, (_, number) => set(number)),
      storeLearned(scene.git, 'origin', learned),
      storeRankings(scene.git, 'origin', [{ url: 'https://one.example/app.git', measuredAtMs: Date.now() }]),
    ]);
    expect((await scene.config('--get-regexp', '^test\\.')).split('\n')).toHaveLength(8);
    expect(await readRemoteMirrors(scene.git, 'origin')).toMatchObject({
      learned,
      rankings: [{ connectMs: undefined }],
    });
  });

  it('says so when the configuration stays locked, and changes nothing', async () => {
    await using scene = await openScene();
    const before = await readFile(scene.path, 'utf8');
    await writeFile(`${scene.path}.lock`, '');
    await expect(storeLearned(scene.git, 'origin', learned)).rejects.toThrow(/locked/);
    expect(await readFile(scene.path, 'utf8')).toBe(before);
  });
});
