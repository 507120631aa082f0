import { expect, test } from 'vitest';
import { chooseMirrors } from '../../src/mirror/choose/choose-mirrors.ts';
import { openGitProgram } from '../../src/mirror/git-program.ts';
import { rankResultSchema } from '../../src/mirror/rank/rank-result-schema.ts';
import type { RankResult } from '../../src/mirror/rank/rank-result.ts';
import { readRemoteMirrors } from '../../src/mirror/settings/remote-mirrors.ts';
import { runGit } from '../repositories/run-git.ts';
import { openMirrorLab } from './lab/mirror-lab.ts';

const timeoutMs = 120_000;

test(
  'M9: git mirror rank shows a table, and stores what mirror.policy=ranked goes by until it is too old',
  async () => {
    await using lab = await openMirrorLab({ shape: { commits: 6, branches: 1, fileBytes: 60_000 } });
    const { client, origin } = lab;
    const far = await lab.addMirror({ shape: { latencyMs: 80 } });
    const behind = await lab.addMirror({ content: { commitsBehind: 2 } });
    const dead = await lab.addMirror({ shape: { isRefused: true } });
    const near = await lab.addMirror();
    await client.gitText(['clone', '--quiet', origin.url, 'clone']);
    const cwd = `${client.work}/clone`;
    for (const { url } of lab.mirrors)
      await client.gitText(['config', '--add', 'remote.origin.mirrorUrl', url], { cwd });
    lab.forget();

    const looked = await client.git(['mirror', 'rank', '--no-store', '--json'], { cwd });
    expect([looked.stderr, looked.status]).toEqual(['', 0]);
    const document: unknown = JSON.parse(looked.stdout);
    expect(rankResultSchema.parse(document)).toEqual(document);
    const { mirrors, stored: count } = document as RankResult;
    expect(count).toBe(0);
    const order = [near.url, behind.url, far.url, dead.url];
    expect(mirrors.map(({ url }) => url)).toEqual(order);
    const [first, second, third, last] = mirrors;
    expect([first?.sameBranches, second?.sameBranches, third?.sameBranches]).toEqual([2, 1, 2]);
    expect(last?.error?.code).toBe('GM_NETWORK');
    const stored = await client.git(['config', '--get-all', 'remote.origin.mirrorRank'], { cwd });
    expect(stored.stdout).toBe('');
    // Nothing was learned in secret, either.
    expect((await client.git(['config', '--get', 'remote.origin.mirrorsLearned'], { cwd })).status).toBe(1);

    const shown = await client.git(['mirror', 'rank', '--prefer', '--top', '2'], { cwd });
    expect([shown.stderr, shown.status]).toEqual(['', 0]);
    const lines = shown.stdout.split('\n');
    expect(lines[0]).toMatch(/^MIRROR +CONNECT +FIRST BYTE +THROUGHPUT +BRANCHES +SCORE$/);
    expect(lines[1]).toMatch(/ms .* [KM]iB\/s +2\/2 +\d+$/);
    expect(shown.stdout).toContain(`${dead.url}: Cannot connect to 127.0.0.1:`);
    expect(shown.stdout).toContain('Remembered for origin: 2 mirrors, the best first.');
    const values = (await client.gitText(['config', '--get-all', 'remote.origin.mirrorRank'], { cwd })).split('\n');
    expect(values.map((value) => value.split(' ')[0])).toEqual([near.url, behind.url]);
    expect(await client.gitText(['config', 'remote.origin.preferredMirror'], { cwd })).toBe(near.url);

    await client.gitText(['config', '--unset', 'remote.origin.preferredMirror'], { cwd });
    const git = openGitProgram({ ...process.env, HOME: client.home }, cwd);
    const chosen = async (): Promise<readonly string[]> =>
      chooseMirrors(await readRemoteMirrors(git, 'origin'), {}).map(({ url }) => url);
    expect(await chosen()).toEqual([near.url, behind.url, far.url, dead.url]);
    await client.gitText(['config', 'mirror.rankAge', '1ms'], { cwd });
    expect(await chosen()).toEqual(lab.mirrors.map(({ url }) => url));
  },
  timeoutMs,
);

test(
  'M9: a URL that is no remote stores nothing; no mirrors is no failure, and none that answers is one',
  async () => {
    await using lab = await openMirrorLab();
    const { client, origin } = lab;
    const none = await client.mirror(['rank', origin.url]);
    expect([none.stdout, none.status]).toEqual([`No mirrors of ${origin.url} are known\n`, 0]);
    await client.gitText(['clone', '--quiet', origin.url, 'clone']);
    const cwd = `${client.work}/clone`;
    const dead = await lab.addMirror({ shape: { isRefused: true } });
    await client.gitText(['config', 'remote.origin.mirrorUrl', dead.url], { cwd });
    await origin.link.reshape({ isRefused: true });
    const failed = await client.mirror(['rank'], { cwd });
    expect(failed.status).toBe(1);
    expect(failed.stdout).toContain('The origin did not list its branches: ');
  },
  timeoutMs,
);

test(
  'M9: mirrors that the origin names are measured, for a URL, too',
  async () => {
    await using lab = await openMirrorLab();
    const { client, origin } = lab;
    const mirror = await lab.addMirror();
    const announcement = await runGit(['hash-object', '-w', '--stdin'], {
      cwd: origin.repository.path,
      input: `${mirror.url}\n`,
    });
    await origin.repository.updateRef('refs/mirrors/eu', announcement);
    const looked = await client.mirror(['rank', '--json', origin.url]);
    expect([looked.stderr, looked.status]).toEqual(['', 0]);
    const { mirrors, remote, stored } = JSON.parse(looked.stdout) as RankResult;
    expect([remote, stored, mirrors.map(({ url }) => url)]).toEqual([null, 0, [mirror.url]]);
  },
  timeoutMs,
);

test(
  'M9: rules of url.<base>.insteadOf count for mirrors that a person named, when they are measured and cloned from in parts',
  async () => {
    await using lab = await openMirrorLab({ shape: { commits: 6, branches: 1, fileBytes: 1000 } });
    const { client, origin } = lab;
    const mirrors = [await lab.addMirror(), await lab.addMirror()];
    const names = mirrors.map((_, index) => `https://${String(index)}.mirror.invalid/app.git`);
    for (const [index, { url }] of mirrors.entries())
      await client.gitText(['config', '--global', `url.${url}.insteadOf`, names[index] ?? '']);
    const flags = names.map((name) => `--mirror=${name}`);
    const cloned = await client.git(['mirror', 'clone', ...flags, origin.url, 'clone']);
    expect(cloned.stderr).toMatch(/taking \d+ parts from 2 mirrors/);
    expect(cloned.stderr).not.toContain('left');
    for (const { requests } of mirrors) expect(requests).not.toEqual([]);
    const ranked = await client.git(['mirror', 'rank', '--json'], { cwd: `${client.work}/clone` });
    expect([ranked.stderr, ranked.status]).toEqual(['', 0]);
    const result = JSON.parse(ranked.stdout) as RankResult;
    expect(result.mirrors.map(({ url, sameBranches }) => [url, sameBranches]).sort()).toEqual(
      names.map((url) => [url, 2]),
    );
    expect(result.stored).toBe(2);

    // Where nobody can be asked, it says so and why, and counts no parts.
    const alone = await client.git(
      [
        'mirror',
        'clone',
        '--mirror=https://2.mirror.invalid/',
        '--mirror=https://3.mirror.invalid/',
        origin.url,
        'alone',
      ],
      { cwd: client.work },
    );
    expect(alone.status).toBe(0);
    expect(alone.stderr).toMatch(/mirror https:\/\/2\.mirror\.invalid\/ left: /);
    expect(alone.stderr).not.toContain('parts from');
  },
  timeoutMs,
);
