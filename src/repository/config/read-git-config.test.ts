import { spawnSync } from 'node:child_process';
import { appendFileSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { gitVersions } from '../../../test/git-versions.ts';
import { Repository } from '../../../test/repositories/repository.ts';
import { runGit } from '../../../test/repositories/run-git.ts';
import { makeTemporaryFolder } from '../../../test/repositories/temporary-folder.ts';
import { decodeRawText } from '../../core/raw-text.ts';
import { readLayout } from '../layout/repository-layout.ts';
import type { Environment } from './expand-path.ts';
import { GitConfigCache, readGitConfig } from './read-git-config.ts';

const newestGit = gitVersions().at(-1)?.program ?? 'git';

/** What git sees in a repository: its settings, or the last line of its complaint. */
function askGit(repository: string, env: Environment): readonly string[] | string {
  const environment = { PATH: process.env['PATH'], ...env };
  const result = spawnSync(newestGit, ['config', '--list', '-z'], { cwd: repository, env: environment });
  if (result.status !== 0) return result.stderr.toString();
  return decodeRawText(result.stdout).split('\0').slice(0, -1);
}

function askUs(repository: string, env: Environment): readonly string[] {
  const config = readGitConfig(readLayout(repository), env, new GitConfigCache());
  return Array.from(config.entries(''), ([key, value]) => (value === undefined ? key : `${key}\n${value}`));
}

function write(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}

function complaintOf(call: () => unknown): string {
  try {
    call();
  } catch (error) {
    expect(error).toMatchObject({ code: 'GM_CORRUPT' });
    return (error as Error).message;
  }
  throw new Error('nothing was thrown');
}

describe('the configuration of a repository', () => {
  it('comes from every place git looks at, in its order', async () => {
    await using folder = await makeTemporaryFolder();
    const { path } = await Repository.init(join(folder.path, 'repository.git'));
    const home = join(folder.path, 'home');
    write(join(home, '.gitconfig'), '[a]\nglobal = 1\nboth = home\n[include]\npath = ~/more\n');
    write(join(home, 'more'), '[a]\nmore = yes\n[include]\n\tpath = sub/relative\n');
    write(join(home, 'sub', 'relative'), '[a "Sub"]\nRelative\n');
    write(join(home, '.config', 'git', 'config'), '[a]\nxdg = 1\nboth = xdg\n');
    write(join(folder.path, 'system'), '[a]\nsystem = 1\n');
    const env = {
      HOME: home,
      GIT_CONFIG_SYSTEM: join(folder.path, 'system'),
      GIT_CONFIG_COUNT: '2',
      GIT_CONFIG_KEY_0: 'Counted.Some Thing.KEY',
      GIT_CONFIG_VALUE_0: 'x=y',
      GIT_CONFIG_KEY_1: 'include.path',
      GIT_CONFIG_VALUE_1: join(home, 'sub', 'relative'),
      GIT_CONFIG_PARAMETERS: `'old.style=1' 'old.flag'  'new.style'='it'\\''s' 'new.flag'=`,
    };
    expect(askUs(path, env)).toEqual(askGit(path, env));
    expect(askUs(path, { ...env, GIT_CONFIG_NOSYSTEM: 'yes' })).toEqual(
      askGit(path, { ...env, GIT_CONFIG_NOSYSTEM: 'yes' }),
    );
    const named = { HOME: home, XDG_CONFIG_HOME: join(home, 'nowhere'), GIT_CONFIG_GLOBAL: join(home, 'more') };
    expect(askUs(path, named)).toEqual(askGit(path, named));
    const xdg = { HOME: folder.path, XDG_CONFIG_HOME: join(home, '.config') };
    expect(askUs(path, xdg)).toEqual(askGit(path, xdg));
  });

  it('is read from a worktree with its own settings', async () => {
    await using folder = await makeTemporaryFolder();
    const main = join(folder.path, 'main');
    const linked = join(folder.path, 'linked');
    await runGit(['init', '-q', main]);
    await runGit(['commit', '-q', '--allow-empty', '-m', 'one'], { cwd: main });
    await runGit(['worktree', 'add', '-q', linked], { cwd: main });
    await runGit(['config', 'extensions.worktreeConfig', 'true'], { cwd: main });
    await runGit(['config', '--worktree', 'own.name', 'linked'], { cwd: linked });
    await runGit(['config', '--worktree', 'own.name', 'main'], { cwd: main });
    const env = { HOME: folder.path, GIT_CONFIG_NOSYSTEM: '1' };
    expect(askUs(linked, env)).toEqual(askGit(linked, env));
    expect(askUs(main, env)).toEqual(askGit(main, env));
    expect(askUs(linked, env)).toContain('own.name\nlinked');
  });

  it('includes files under the conditions that git knows', async () => {
    await using folder = await makeTemporaryFolder();
    const { path } = await Repository.init(join(folder.path, 'Work', 'repository.git'));
    const env = { HOME: folder.path, GIT_CONFIG_NOSYSTEM: '1' };
    symlinkSync(join(folder.path, 'Work'), join(folder.path, 'link'));
    const conditions = [
      ...[
        'gitdir:~/Work/',
        'gitdir:~/work/',
        'gitdir/i:~/work/',
        'gitdir:Work/',
        'gitdir:repository.git',
        'gitdir:./Work/',
      ],
      ...[
        `gitdir:${folder.path}/link/`,
        'gitdir:./Work/*.git',
        'gitdir:**/Work/**',
        'gitdir:*/repository.git',
        'gitdir:',
      ],
      ...[
        'onbranch:main',
        'onbranch:ma*',
        'onbranch:topic/',
        'onbranch:',
        'unknown:x',
        'gitdir/i:./work/',
        'hasconfig:x',
      ],
      ...[
        'hasconfig:remote.*.url:https://example.com/**',
        'hasconfig:remote.*.url:https://*',
        'hasconfig:remote.*.url:x',
      ],
    ];
    const text = conditions.map((condition, index) => {
      write(join(folder.path, 'inc', String(index)), `[hit]\nn = ${condition}\n`);
      return `[includeIf "${condition}"]\npath = inc/${String(index)}\n`;
    });
    write(
      join(folder.path, '.gitconfig'),
      `${text.join('')}[includeIf]\npath = inc/0\n[includeIf "gitdir:**"]\nother = inc/0\n`,
    );
    await runGit(['config', 'remote.origin.url', 'https://example.com/a/b'], { cwd: path });
    const ours = askUs(path, env);
    expect(ours).toEqual(askGit(path, env));
    expect(ours.filter((line) => line.startsWith('hit.n'))).toHaveLength(13);
    await runGit(['symbolic-ref', 'HEAD', 'refs/heads/topic/x'], { cwd: path });
    expect(askUs(path, env)).toEqual(askGit(path, env));
    await Repository.init(join(folder.path, 'Work', 'other.git'));
    expect(askUs(join(folder.path, 'Work', 'other.git'), env)).toEqual(
      askGit(join(folder.path, 'Work', 'other.git'), env),
    );
  });

  it('is refused where git refuses it, in its words', async () => {
    await using folder = await makeTemporaryFolder();
    const { path } = await Repository.init(join(folder.path, 'repository.git'));
    const env = { HOME: folder.path, GIT_CONFIG_NOSYSTEM: '1' };
    const global = join(folder.path, '.gitconfig');
    const agree = (extra: Environment, words: string): void => {
      const all = { ...env, ...extra };
      expect(askGit(path, all)).toContain(words);
      expect(complaintOf(() => askUs(path, all))).toContain(words);
    };
    write(global, '[a]\nb = 1\nc d\n');
    agree({}, `bad config line 3 in file ${global}`);
    write(global, '[include]\npath = .gitconfig\n');
    agree({}, 'exceeded maximum include depth (10) while including');
    write(global, '[include]\npath\n');
    agree({}, "missing value for 'include.path'");
    write(global, '[include]\npath = ~nobody-of-this-name/x\n');
    agree({}, "could not expand include path '~nobody-of-this-name/x'");
    write(global, '[includeIf "hasconfig:remote.*.url:x"]\npath = urls\n');
    write(join(folder.path, 'urls'), '[remote "y"]\nurl = z\n');
    agree({}, 'remote URLs cannot be configured in file directly or indirectly included by');
    write(global, '');
    agree({ GIT_CONFIG_COUNT: 'x' }, 'bogus count in GIT_CONFIG_COUNT');
    agree({ GIT_CONFIG_COUNT: '1' }, 'missing config key GIT_CONFIG_KEY_0');
    agree({ GIT_CONFIG_COUNT: '1', GIT_CONFIG_KEY_0: 'a.b' }, 'missing config value GIT_CONFIG_VALUE_0');
    agree(
      { GIT_CONFIG_COUNT: '1', GIT_CONFIG_KEY_0: 'ab', GIT_CONFIG_VALUE_0: '' },
      'key does not contain a section: ab',
    );
    agree(
      { GIT_CONFIG_COUNT: '1', GIT_CONFIG_KEY_0: 'a.', GIT_CONFIG_VALUE_0: '' },
      'key does not contain variable name: a.',
    );
    agree({ GIT_CONFIG_COUNT: '1', GIT_CONFIG_KEY_0: 'a.1', GIT_CONFIG_VALUE_0: '' }, 'invalid key: a.1');
    agree({ GIT_CONFIG_PARAMETERS: "'a.b'=x" }, 'bogus format in GIT_CONFIG_PARAMETERS');
    agree({ GIT_CONFIG_PARAMETERS: 'a.b=x' }, 'bogus format in GIT_CONFIG_PARAMETERS');
    agree({ GIT_CONFIG_NOSYSTEM: 'perhaps' }, "bad boolean environment value 'perhaps' for 'GIT_CONFIG_NOSYSTEM'");
    write(global, 'outside = 1\n');
    expect(complaintOf(() => askUs(path, env))).toContain(
      `bad config line 1 in file ${global}: key does not contain a section`,
    );
  });

  it('gives up on files that include each other without end', async () => {
    await using folder = await makeTemporaryFolder();
    const { path } = await Repository.init(join(folder.path, 'repository.git'));
    for (let index = 0; index < 9; index++) {
      write(join(folder.path, String(index)), `[include]\n${`path = ${String(index + 1)}\n`.repeat(20)}`);
    }
    write(join(folder.path, '9'), '');
    const env = { GIT_CONFIG_GLOBAL: join(folder.path, '0'), GIT_CONFIG_NOSYSTEM: '1' };
    expect(() => askUs(path, env)).toThrow(expect.objectContaining({ code: 'GM_LIMIT' }));
  });

  it('answers questions, and says what is wrong with an answer', async () => {
    await using folder = await makeTemporaryFolder();
    const { path } = await Repository.init(join(folder.path, 'repository.git'));
    const system = join(folder.path, 'system');
    write(system, '[uploadpack]\npackObjectsHook = trusted\n[includeIf "onbranch:main"]\npath = branch\n');
    write(join(folder.path, 'branch'), '[uploadpack]\npackObjectsHook = conditional\n');
    await runGit(['config', 'uploadpack.packObjectsHook', 'evil'], { cwd: path });
    await runGit(['config', 'pack.window', '3k'], { cwd: path });
    await runGit(['config', 'pack.depth', 'deep'], { cwd: path });
    appendFileSync(join(path, 'config'), '[a "B"]\nc = 1\n[a "z"]\nc = x\n[A "B"]\nC = 2\n');
    const config = readGitConfig(readLayout(path), { GIT_CONFIG_SYSTEM: system });
    expect(config.get('uploadpack.packobjectshook')).toBe('evil');
    expect(config.getProtected('uploadpack.packobjectshook')).toBe('trusted');
    expect(config.getInteger('pack.window')).toBe(3072);
    expect(config.getInteger('pack.none')).toBeUndefined();
    const where = `in file ${join(path, 'config')}`;
    expect(complaintOf(() => config.getInteger('pack.depth'))).toBe(
      `bad numeric config value 'deep' for 'pack.depth' ${where}: invalid unit`,
    );
    expect(complaintOf(() => config.getBoolean('pack.depth'))).toBe("bad boolean config value 'deep' for 'pack.depth'");
    expect(config.getAll('a.B.c')).toEqual(['1', '2']);
    expect(config.getAll('a.b.c')).toEqual([]);
    expect(config.subsections('a')).toEqual(['B', 'z']);
    expect(Array.from(config.entries('a.'))).toEqual([
      ['a.B.c', '1'],
      ['a.z.c', 'x'],
      ['a.B.c', '2'],
    ]);
  });

  it('is kept until one of its files changes, or one appears', async () => {
    await using folder = await makeTemporaryFolder();
    const { path } = await Repository.init(join(folder.path, 'repository.git'));
    const env = { HOME: folder.path, GIT_CONFIG_NOSYSTEM: '1' };
    write(join(folder.path, '.gitconfig'), '[include]\npath = later\n[includeIf "onbranch:other"]\npath = branch\n');
    write(join(folder.path, 'branch'), '[on]\nbranch = other\n');
    const cache = new GitConfigCache();
    const layout = readLayout(path);
    const read = () => readGitConfig(layout, env, cache);
    await setTimeout(100);
    const first = read();
    expect(read()).toBe(first);
    write(join(folder.path, 'later'), '[a]\nb = 1\n');
    const second = read();
    expect(second.version).not.toBe(first.version);
    expect(second.get('a.b')).toBe('1');
    // Within the resolution of time stamps, and with the same size.
    write(join(folder.path, 'later'), '[a]\nb = 2\n');
    expect(read().get('a.b')).toBe('2');
    await runGit(['symbolic-ref', 'HEAD', 'refs/heads/other'], { cwd: path });
    expect(read().get('on.branch')).toBe('other');
    const third = read();
    write(join(folder.path, 'later'), '[a]\nb = 2\n# a comment\n');
    expect(read().version).toBe(third.version);
    expect(readGitConfig(layout, { ...env, GIT_CONFIG_COUNT: '0' }, cache).get('a.b')).toBe('2');
  });
});
