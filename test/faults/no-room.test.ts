import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { startStaticFiles } from '../replicate/static-files.ts';
import { incompressibleBytes } from '../repositories/random-bytes.ts';
import { runCommand } from './command-line.ts';
import { expectUnharmed, openScene, watchTemporaryFiles, withServer } from './scene.ts';

watchTemporaryFiles();

// The largest file a process may write, in blocks of 512 bytes: what it does beyond that fails as on a full disk.
const fullDisk = "trap '' XFSZ; ulimit -f 150";

describe('with no room left', () => {
  test.each([
    ['for the store of a dumb source', fullDisk, undefined, /no space left|larger than the file system/],
    ['in a folder that is not there', ':', 'absent', /absent.*--temporary-directory/],
    ['in a folder that is a file', ':', 'file', /file.*--temporary-directory/],
    ['in a place where there are no folders', ':', '/proc/self', /\/proc\/self.*--temporary-directory/],
  ] as const)('%s: nothing is pushed, nothing is left', async (_what, first, place, says) => {
    await using stage = await openScene({ source: { commits: 4, fileBytes: 300_000 } });
    const before = await stage.target.refs();
    await stage.source.git('update-server-info');
    const temporary = join(stage.folder, 'temporary');
    await mkdir(temporary);
    await writeFile(join(stage.folder, 'file'), '');
    const folder = place === undefined ? temporary : place.startsWith('/') ? place : join(stage.folder, place);
    await withServer(startStaticFiles(stage.folder), async ({ url }) => {
      const words = ['sync', '--temporary-directory', folder, `${url}/source.git`, stage.targetUrl];
      const { status, stdout, stderr } = await runCommand(words, { first });
      expect(stdout).toBe('');
      expect(stderr).toMatch(/^git-mirror: [^\n]*\(GM_SYSTEM\)\n$/);
      expect(stderr).toMatch(says);
      expect(status).toBe(1);
    });
    expect(await readdir(temporary)).toEqual([]);
    await expectUnharmed(stage.target, before);
  });

  test('for one large commit that has to go in parts', async () => {
    await using stage = await openScene({
      source: { commits: 2 },
      targetFront: { maxPushBytes: 60_000 },
    });
    const files = Object.fromEntries(
      Array.from({ length: 20 }, (_, index) => [`part-${index}`, incompressibleBytes(20_000, index + 50)]),
    );
    await stage.source.commit('refs/heads/main', { files });
    const before = await stage.target.refs();
    const temporary = join(stage.folder, 'temporary');
    await mkdir(temporary);
    const words = ['sync', '--temporary-directory', temporary, stage.sourceUrl, stage.targetUrl];
    const { status, stderr } = await runCommand(words, { first: fullDisk });
    expect(stderr).toMatch(/^git-mirror: [^\n]*\(GM_SYSTEM\)\n$/);
    expect(status).toBe(1);
    expect(await readdir(temporary)).toEqual([]);
    const visible = [...(await stage.target.refs())].filter(([name]) => !name.startsWith('refs/git-mirror/'));
    expect(new Map(visible)).toEqual(before);
    await expectUnharmed(stage.target, await stage.target.refs());
    // With room it goes on.
    expect((await runCommand(words)).status).toBe(0);
    expect(await stage.target.tip('refs/heads/main')).toBe(await stage.source.tip('refs/heads/main'));
  });

  test('at the target', async () => {
    await using stage = await openScene({ source: { commits: 4, fileBytes: 300_000 } });
    const before = await stage.target.refs();
    // The programs of a target on this machine have the same bound.
    const words = ['sync', stage.sourceUrl, stage.target.path];
    const { status, stderr } = await runCommand(words, { first: fullDisk });
    expect(stderr).toMatch(/^git-mirror: [^\n]*could not take the pack[^\n]*\(GM_UNPACK\)\n$/);
    expect(stderr).toContain(stage.target.path);
    expect(status).toBe(1);
    await expectUnharmed(stage.target, before);
  });
});
