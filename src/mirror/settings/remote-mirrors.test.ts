import { describe, expect, it } from 'vitest';
import { isGitMirrorError } from '../../core/error.ts';
import { runGit } from '../../../test/repositories/run-git.ts';
import { makeTemporaryFolder } from '../../../test/repositories/temporary-folder.ts';
import { openGitProgram, type GitProgram } from '../git-program.ts';
import { mirrorLimits } from '../mirror-candidate.ts';
import { originUrl, readRemoteMirrors } from './remote-mirrors.ts';

interface Scene extends AsyncDisposable {
  readonly git: GitProgram;
  /** Adds a value with git config. */
  add(key: string, value: string): Promise<void>;
}

async function openScene(...settings: readonly (readonly [string, string])[]): Promise<Scene> {
  const folder = await makeTemporaryFolder();
  await runGit(['init', '-q', folder.path]);
  const add = async (key: string, value: string): Promise<void> => {
    await runGit(['config', '--add', key, value], { cwd: folder.path });
  };
  for (const [key, value] of settings) await add(key, value);
  return {
    git: openGitProgram(process.env, folder.path),
    add,
    [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
  };
}

async function failureOf(work: Promise<unknown>): Promise<string> {
  try {
    await work;
  } catch (error) {
    if (isGitMirrorError(error, 'GM_USAGE')) return error.message;
    throw error;
  }
  return '';
}

const origin = ['remote.origin.url', 'https://origin.example/app.git'] as const;

describe('readRemoteMirrors', () => {
  it('M4: is what git is when nothing is set', async () => {
    await using scene = await openScene(origin);
    expect(await readRemoteMirrors(scene.git, 'origin')).toEqual({
      remote: 'origin',
      url: 'https://origin.example/app.git',
      canonicalUrls: [],
      userMirrors: [],
      learned: { canonicalUrls: [], mirrors: [], prefer: undefined, more: undefined, learnedAtMs: undefined },
      useMirror: true,
      preferMirror: undefined,
      preferredMirror: undefined,
      policy: 'ranked',
      protocols: { order: [], banned: new Set() },
      limits: mirrorLimits,
      listAgeMs: 86_400_000,
      rankings: [],
    });
  });

  it('M4: reads every key that git config has set', async () => {
    const now = Math.floor(Date.now() / 1000);
    await using scene = await openScene(
      ['remote.a.b.url', 'git@origin.example:app.git'],
      ['remote.a.b.mirrorUrl', 'https://one.example/app.git'],
      ['remote.a.b.mirrorUrl', 'git://two.example/app.git'],
      ['remote.a.b.learnedMirrorUrl', 'https://three.example/app.git region=DE-BE stratum=1 new=word'],
      ['remote.a.b.learnedMirrorUrl', 'ext::date'],
      ['remote.a.b.useMirror', 'off'],
      ['remote.a.b.preferMirror', 'always'],
      ['remote.a.b.learnedPreferMirror', 'never'],
      ['remote.a.b.preferredMirror', 'https://two.example/app.git'],
      ['remote.a.b.moreMirrors', '12 after-three'],
      ['remote.a.b.canonicalUrl', 'https://mine.example/app.git'],
      ['remote.a.b.learnedCanonicalUrl', 'https://origin.example/app.git'],
      ['remote.a.b.mirrorsLearned', '1700000000'],
      ['remote.a.b.mirrorRank', `https://two.example/app.git at=${String(now)} connect=3 first-byte=9 rate=1000`],
      ['remote.a.b.mirrorRank', 'https://one.example/app.git at=1500000000'],
      ['mirror.policy', 'random'],
      ['mirror.protocols', 'ssh, https !git'],
      ['mirror.firstByte', '500ms'],
      ['mirror.stall', '5'],
      ['mirror.minRate', '64k'],
      ['mirror.total', '2h'],
      ['mirror.maxBytes', '1g'],
      ['mirror.listAge', '2d'],
      ['remote.a.mirrorUrl', 'https://other.example/'],
    );
    expect(await readRemoteMirrors(scene.git, 'a.b')).toEqual({
      remote: 'a.b',
      url: 'git@origin.example:app.git',
      canonicalUrls: ['https://mine.example/app.git', 'https://origin.example/app.git'],
      userMirrors: ['https://one.example/app.git', 'git://two.example/app.git'],
      learned: {
        canonicalUrls: ['https://origin.example/app.git'],
        mirrors: [{ url: 'https://three.example/app.git', region: 'DE-BE', stratum: 1 }],
        prefer: 'never',
        more: { count: 12, cursor: 'after-three' },
        learnedAtMs: 1_700_000_000_000,
      },
      useMirror: false,
      preferMirror: 'always',
      preferredMirror: 'https://two.example/app.git',
      policy: 'random',
      protocols: { order: ['ssh', 'https'], banned: new Set(['git']) },
      limits: {
        firstByteMs: 500,
        stallMs: 5000,
        minBytesPerSecond: 65_536,
        totalMs: 7_200_000,
        maxBytes: 1024 ** 3,
      },
      listAgeMs: 172_800_000,
      rankings: [
        {
          url: 'https://two.example/app.git',
          measuredAtMs: now * 1000,
          connectMs: 3,
          firstByteMs: 9,
          bytesPerSecond: 1000,
        },
      ],
    });
  });

  it('takes a URL that is no remote, and what is set for all', async () => {
    await using scene = await openScene(origin, ['mirror.policy', 'fixed']);
    const mirrors = await readRemoteMirrors(scene.git, 'https://elsewhere.example/x');
    expect(mirrors).toMatchObject({ remote: undefined, url: 'https://elsewhere.example/x', policy: 'fixed' });
  });

  it('works outside of any repository', async () => {
    await using folder = await makeTemporaryFolder();
    const git = openGitProgram({ ...process.env, GIT_CEILING_DIRECTORIES: folder.path }, folder.path);
    expect(await readRemoteMirrors(git, 'https://h/x')).toMatchObject({ remote: undefined, url: 'https://h/x' });
  });

  it('M4: an empty value clears those before it', async () => {
    await using scene = await openScene(
      origin,
      ['remote.origin.mirrorUrl', 'https://one.example/x'],
      ['remote.origin.mirrorUrl', ''],
      ['remote.origin.mirrorUrl', 'https://two.example/x'],
    );
    expect((await readRemoteMirrors(scene.git, 'origin')).userMirrors).toEqual(['https://two.example/x']);
  });

  it.each([
    ['remote.origin.mirrorUrl', 'ext::date'],
    ['remote.origin.mirrorUrl', '--upload-pack=date'],
    ['remote.origin.preferredMirror', 'nonsense'],
    ['remote.origin.preferMirror', 'sometimes'],
    ['remote.origin.useMirror', 'perhaps'],
    ['mirror.policy', 'nearest'],
    ['mirror.protocols', 'https gopher'],
    ['mirror.firstByte', 'soon'],
    ['mirror.stall', '0'],
    ['mirror.minRate', '-1'],
    ['mirror.maxBytes', '1x'],
    ['mirror.total', '1e400'],
    ['mirror.listAge', '1w'],
  ])('M4: names the key %s when it is %s', async (key, value) => {
    await using scene = await openScene(origin, [key, value]);
    expect((await failureOf(readRemoteMirrors(scene.git, 'origin'))).toLowerCase()).toContain(key.toLowerCase());
  });
});

describe('originUrl', () => {
  it('is what git makes of it', async () => {
    await using scene = await openScene(
      ['remote.origin.url', 'gh:app.git'],
      ['url.https://origin.example/.insteadOf', 'gh:'],
    );
    const mirrors = await readRemoteMirrors(scene.git, 'origin');
    expect(mirrors.url).toBe('gh:app.git');
    expect(await originUrl(scene.git, mirrors)).toBe('https://origin.example/app.git');
    const bare = await readRemoteMirrors(scene.git, 'gh:other.git');
    expect(await originUrl(scene.git, bare)).toBe('https://origin.example/other.git');
  });
});
