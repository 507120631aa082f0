import { cp, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { gitVersions } from '../git-versions.ts';
import { openMirrorLab, type MirrorLab } from './lab/mirror-lab.ts';
import { separator } from './run-mirror.ts';

const timeoutMs = 600_000;

/** A clone that is set up in some way, and how it fetches. */
interface Setting {
  readonly name: string;
  readonly clone?: readonly string[];
  /** Runs of git in the clone. */
  readonly setUp?: readonly (readonly string[])[];
  readonly fetch?: readonly string[];
}

const settings: readonly Setting[] = [
  { name: 'a clone as it is' },
  {
    name: 'two branches to merge',
    setUp: [['config', '--add', 'branch.main.merge', 'refs/heads/topic-1']],
  },
  {
    name: 'a branch to merge that is not tracked',
    clone: ['--single-branch', '--branch', 'main'],
    setUp: [['config', 'branch.main.merge', 'refs/heads/topic-1']],
  },
  { name: 'a branch to merge that is not there', setUp: [['config', 'branch.main.merge', 'refs/heads/none']] },
  { name: 'another branch', setUp: [['checkout', '-q', 'topic-1']] },
  { name: 'a branch of its own', setUp: [['checkout', '-q', '-b', 'mine']] },
  { name: 'a detached HEAD', setUp: [['checkout', '-q', '--detach']] },
  { name: 'one branch', clone: ['--single-branch', '--branch', 'topic-1'] },
  { name: 'one branch by its whole name', setUp: [['config', 'remote.origin.fetch', 'refs/heads/main:refs/heads/o']] },
  { name: 'all tags', setUp: [['config', 'remote.origin.tagOpt', '--tags']] },
  { name: 'no tags', setUp: [['config', 'remote.origin.tagOpt', '--no-tags']] },
  { name: 'a tag that was removed here', setUp: [['tag', '-d', 'v1']] },
  {
    name: 'a tag that was removed here, while none is followed',
    setUp: [
      ['tag', '-d', 'v1'],
      ['config', 'remote.origin.tagOpt', '--no-tags'],
    ],
  },
  { name: 'a negative refspec', setUp: [['config', '--add', 'remote.origin.fetch', '^refs/heads/topic-*']] },
  {
    name: 'a negative refspec and prune',
    setUp: [
      ['config', '--add', 'remote.origin.fetch', '^refs/heads/topic-*'],
      ['config', 'fetch.prune', 'true'],
    ],
  },
  {
    name: 'something to prune',
    setUp: [
      ['update-ref', 'refs/remotes/origin/gone', 'HEAD'],
      ['config', 'remote.origin.prune', 'true'],
    ],
  },
  { name: 'something to prune that is not', setUp: [['update-ref', 'refs/remotes/origin/gone', 'HEAD']] },
  { name: 'a copy with all refs', clone: ['--mirror'] },
  { name: 'a copy with all refs that are pruned', clone: ['--mirror'], setUp: [['config', 'fetch.prune', 'true']] },
  { name: 'a bare clone', clone: ['--bare'] },
  { name: 'no HEAD of the remote', setUp: [['remote', 'set-head', 'origin', '--delete']] },
  { name: 'another name', clone: ['--origin', 'a.b/c'] },
  {
    name: 'a remote with two names of refs',
    setUp: [['config', '--add', 'remote.origin.fetch', '+refs/tags/*:refs/t/*']],
  },
  { name: '--prune', setUp: [['update-ref', 'refs/remotes/origin/gone', 'HEAD']], fetch: ['--prune'] },
  { name: '--append', fetch: ['--append'] },
  { name: '-q', fetch: ['-q', 'origin'] },
  { name: '-v', fetch: ['-v'] },
  { name: '--tags', fetch: ['-t'] },
  { name: '--all', setUp: [['remote', 'add', 'other', '../other.git']], fetch: ['--all'] },
  { name: 'a branch', fetch: ['origin', 'main'] },
  { name: 'a branch to another name', fetch: ['--', 'origin', 'main:refs/heads/copy', '+topic-1:refs/x/y'] },
  { name: 'a tag', fetch: ['origin', 'tag', 'v1'] },
  { name: 'a URL', fetch: ['../other.git', 'main'] },
  { name: '--dry-run', fetch: ['--dry-run'] },
  { name: 'a remote that is not there', fetch: ['nobody'] },
  { name: 'a flag that is not there', fetch: ['--no-such-flag'] },
  { name: '--depth', fetch: ['--depth=2'] },
];

/** What a run of git says. */
interface Said {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs `git mirror` in each folder, in one process. */
async function runMirror(
  lab: MirrorLab,
  version: string,
  runs: readonly (readonly [cwd: string, words: readonly string[]])[],
): Promise<readonly Said[]> {
  const input = runs.map(([cwd, words]) => `${JSON.stringify([cwd, ...words])}\n`).join('');
  const program = fileURLToPath(new URL('run-mirror.ts', import.meta.url));
  const { status, stdout, stderr } = await lab.client.start(process.execPath, [program], { version, input }).ended;
  expect(status, stderr).toBe(0);
  const errors = stderr.split(`${separator}\n`);
  return stdout
    .split(new RegExp(`${separator}(\\d+)\\n`))
    .slice(0, -1)
    .reduce<Said[]>((all, part, index) => {
      const last = all.at(-1);
      if (index % 2 === 0) all.push({ status: null, stdout: part, stderr: errors[index / 2] ?? '' });
      else if (last !== undefined) all[all.length - 1] = { ...last, status: Number(part) };
      return all;
    }, []);
}

/** What a fetch leaves in `cwd`, and what it said. */
async function outcomeOf(lab: MirrorLab, cwd: string, { status, stdout, stderr }: Said) {
  const gitDir = await lab.client.gitText(['rev-parse', '--absolute-git-dir'], { cwd });
  const refs = await lab.client.gitText(['for-each-ref', '--format=%(refname) %(objectname) %(symref)'], { cwd });
  return {
    status,
    stdout,
    // Lines of ours; and how much was asked of the origin.
    stderr: stderr.replace(/^git-mirror: .*\n|^POST git-upload-pack .*\n/gm, '').replaceAll(cwd, '<clone>'),
    fetchHead: await readFile(join(gitDir, 'FETCH_HEAD'), 'utf8').catch(() => 'none'),
    shallow: await readFile(join(gitDir, 'shallow'), 'utf8').catch(() => 'none'),
    refs: refs.split('\n').filter((line) => !line.startsWith('refs/mirror/')),
  };
}

/** The oldest and the newest: what git does when nothing is new has changed between them. */
const versions = [gitVersions().at(0), gitVersions().at(-1)].flatMap((version) => version?.family ?? []);

test.each(versions)(
  'M1: with git %s, what a fetch leaves and says is what git fetch leaves and says',
  async (version) => {
    await using lab = await openMirrorLab();
    const mirror = await lab.addMirror();
    await lab.client.gitText(['clone', '-q', '--bare', lab.origin.url, 'other.git']);
    const pair = async (number: number, setting: Setting): Promise<readonly [ours: string, stock: string]> => {
      const [ours, stock] = ['ours', 'stock'].map((side) => join(lab.client.work, `${side}-${String(number)}`)) as [
        string,
        string,
      ];
      await lab.client.gitText(['clone', '-q', ...(setting.clone ?? []), lab.origin.url, ours], { version });
      for (const words of setting.setUp ?? []) await lab.client.gitText(words, { cwd: ours, version });
      await cp(ours, stock, { recursive: true });
      const remote = setting.clone?.[0] === '--origin' ? setting.clone[1] : 'origin';
      await lab.client.gitText(['config', `remote.${String(remote)}.mirrorUrl`, mirror.url], { cwd: ours });
      return [ours, stock];
    };
    const pairs = await Promise.all(settings.map((setting, index) => pair(index, setting)));
    const compare = async (when: string): Promise<void> => {
      const words = ({ fetch }: Setting): readonly string[] => ['fetch', ...(fetch ?? [])];
      const said = await runMirror(
        lab,
        version,
        settings.map((setting, index) => [pairs[index]?.[0] ?? '', words(setting)]),
      );
      for (const [index, setting] of settings.entries()) {
        const [ours = '', stock = ''] = pairs[index] ?? [];
        const plain = await lab.client.git(words(setting), { cwd: stock, version });
        const mine = said[index] ?? { status: null, stdout: '', stderr: '' };
        expect
          .soft(await outcomeOf(lab, ours, mine), `${setting.name}, ${when}`)
          .toEqual(await outcomeOf(lab, stock, plain));
      }
    };
    await compare('with nothing new');
    await lab.commit({ commits: 2 });
    await lab.commit({ ref: 'refs/heads/new' });
    await lab.rewind({ ref: 'refs/heads/topic-1' });
    await lab.tag('v9');
    await lab.tag('w9', 'refs/heads/topic-2');
    await lab.sync(mirror);
    await compare('with something new');
    await lab.origin.repository.deleteRef('refs/heads/topic-2');
    await compare('with a branch removed');
  },
  timeoutMs,
);
