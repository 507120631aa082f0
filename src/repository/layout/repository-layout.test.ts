import { spawnSync } from 'node:child_process';
import { mkdirSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { gitVersions } from '../../../test/git-versions.ts';
import { Repository } from '../../../test/repositories/repository.ts';
import { runGit } from '../../../test/repositories/run-git.ts';
import { makeTemporaryFolder } from '../../../test/repositories/temporary-folder.ts';
import { readLayout } from './repository-layout.ts';

const newestGit = gitVersions().at(-1)?.program ?? 'git';

/** What git-upload-pack says of a path; empty when it serves it. */
function complaintOfGit(path: string): string {
  const result = spawnSync(newestGit, ['upload-pack', '--advertise-refs', path], {
    env: { ...process.env, HOME: '/' },
  });
  return result.status === 0 ? '' : result.stderr.toString();
}

function complaintOfOurs(path: string): string {
  try {
    readLayout(path);
    return '';
  } catch (error) {
    expect((error as { code?: string }).code).toMatch(/^GM_(CORRUPT|NOT_FOUND)$/);
    return (error as Error).message;
  }
}

describe('the layout of a repository', () => {
  it('is found from a bare one, a checkout, a worktree and a submodule, with `.git` left out or not', async () => {
    await using folder = await makeTemporaryFolder();
    const root = realpathSync(folder.path);
    const bare = join(root, 'bare.git');
    await Repository.init(bare);
    const work = join(root, 'work');
    await runGit(['init', '-q', work]);
    await runGit(['commit', '-q', '--allow-empty', '-m', 'one'], { cwd: work });
    await runGit(['worktree', 'add', '-q', join(root, 'linked')], { cwd: work });
    await runGit(['init', '-q', '--separate-git-dir', join(root, 'elsewhere'), join(root, 'separate')]);
    await runGit(['init', '-q', '--object-format=sha256', '--bare', join(root, 'new.git')]);
    symlinkSync('bare.git', join(root, 'link'));

    expect(readLayout(bare)).toMatchObject({ gitDir: bare, commonDir: bare, isBare: true, format: 'sha1' });
    for (const path of ['bare', 'bare.git/', 'link', 'bare.git///']) {
      expect(readLayout(join(root, path)).gitDir).toBe(bare);
    }
    const main = join(work, '.git');
    expect(readLayout(work)).toMatchObject({ gitDir: main, commonDir: main, isBare: false, refStorage: 'files' });
    expect(readLayout(main).gitDir).toBe(main);
    expect(readLayout(join(root, 'linked'))).toMatchObject({
      gitDir: join(main, 'worktrees', 'linked'),
      commonDir: main,
      isBare: false,
    });
    expect(readLayout(join(root, 'separate')).gitDir).toBe(join(root, 'elsewhere'));
    expect(readLayout(join(root, 'new'))).toMatchObject({ format: 'sha256', formatVersion: 1 });
    for (const path of ['bare', 'work', 'linked', 'separate', 'new', 'link']) {
      expect(complaintOfGit(join(root, path))).toBe('');
    }
  });

  it('says of the format what the configuration does', async () => {
    await using folder = await makeTemporaryFolder();
    const { path } = await Repository.init(join(folder.path, 'repository.git'));
    writeFileSync(
      join(path, 'config'),
      `[core]\nrepositoryformatversion = 1\nbare = true\n[extensions]\nrefStorage = reftable\nobjectFormat = sha256\n` +
        `compatObjectFormat = sha1\npartialClone = origin\nworktreeConfig\npreciousObjects = 1\nnoop\nnoop-v1 = x\n` +
        `relativeWorktrees = no\n`,
    );
    expect(readLayout(path)).toMatchObject({
      format: 'sha256',
      compatFormat: 'sha1',
      refStorage: 'reftable',
      partialClone: 'origin',
      worktreeConfig: true,
      preciousObjects: true,
    });
    // Without a version nothing of it counts.
    writeFileSync(join(path, 'config'), '[extensions]\nobjectFormat = sha256\nunheardOf = 1\n[core]\nbare = yes\n');
    expect(readLayout(path)).toMatchObject({ format: 'sha1', formatVersion: 0 });
    expect(complaintOfGit(path)).toBe('');
    rmSync(join(path, 'config'));
    expect(readLayout(path)).toMatchObject({ format: 'sha1', isBare: true });
    expect(complaintOfGit(path)).toBe('');
  });

  it('refuses formats that git refuses, in its words', async () => {
    await using folder = await makeTemporaryFolder();
    const { path } = await Repository.init(join(folder.path, 'repository.git'));
    const version = (number: string, rest = ''): string => `[core]\nrepositoryformatversion = ${number}\n${rest}`;
    const cases: readonly (readonly [string, string])[] = [
      [version('2'), 'Expected git repo version <= 1, found 2'],
      [version('1', '[extensions]\nfuture = 1\nFar = 2\n'), 'unknown repository extensions found:\n\tfuture\n\tfar'],
      [version('1', '[extensions]\nfuture = 1\n'), 'unknown repository extension found:\n\tfuture'],
      [version('0', '[extensions]\nnoop-v1 = 1\n'), 'repo version is 0, but v1-only extension found:\n\tnoop-v1'],
      [version('1', '[extensions]\nobjectFormat = md5\n'), `invalid value for 'extensions.objectformat': 'md5'`],
      [version('1', '[extensions]\nrefStorage = sqlite\n'), `invalid value for 'extensions.refstorage': 'sqlite'`],
      [version('1', '[extensions]\nobjectFormat\n'), `missing value for 'extensions.objectformat'`],
      [version('1', '[extensions]\npreciousObjects = some\n'), `bad boolean config value 'some'`],
      [version('one'), `bad numeric config value 'one' for 'core.repositoryformatversion' in file`],
      [version('1', 'bare = perhaps\n'), `bad boolean config value 'perhaps' for 'core.bare'`],
      [version('0', 'a b\n'), 'bad config line 3 in file'],
      [version('0', '[extensions]\nfuture = 1\n'), ''],
    ];
    for (const [text, words] of cases) {
      writeFileSync(join(path, 'config'), text);
      const ours = complaintOfOurs(path);
      const gits = complaintOfGit(path);
      if (words === '') expect([text, ours, gits]).toEqual([text, '', '']);
      expect(gits).toContain(words);
      expect(ours).toContain(words);
    }
  });

  it('refuses paths that are no repositories where git does', async () => {
    await using folder = await makeTemporaryFolder();
    const { path } = await Repository.init(join(folder.path, 'good.git'));
    const file = (name: string, text: string | Uint8Array): void => {
      mkdirSync(join(folder.path, name), { recursive: true });
      writeFileSync(join(folder.path, name, '.git'), text);
    };
    file('format', 'gitdir:x\n');
    file('empty', 'gitdir: \n');
    file('nowhere', 'gitdir: ../missing\n');
    file('good', `gitdir: ${path}\r\n\n`);
    const copy = (name: string, change: (copy: string) => void): void => {
      spawnSync('cp', ['-r', path, join(folder.path, name)]);
      change(join(folder.path, name));
    };
    copy('no-head', (at) => {
      rmSync(join(at, 'HEAD'));
    });
    copy('no-objects', (at) => {
      rmSync(join(at, 'objects'), { recursive: true });
    });
    copy('no-refs', (at) => {
      rmSync(join(at, 'refs'), { recursive: true });
    });
    copy('odd-head', (at) => {
      writeFileSync(join(at, 'HEAD'), 'ref: heads/main\n');
    });
    copy('linked-head', (at) => {
      rmSync(join(at, 'HEAD'));
      symlinkSync('refs/heads/main', join(at, 'HEAD'));
    });
    copy('badly-linked-head', (at) => {
      rmSync(join(at, 'HEAD'));
      symlinkSync('packed-refs', join(at, 'HEAD'));
    });
    copy('detached', (at) => {
      writeFileSync(join(at, 'HEAD'), `${'A1'.repeat(20)}\n`);
    });
    copy('common', (at) => {
      writeFileSync(join(at, 'commondir'), '../good.git\n');
      rmSync(join(at, 'objects'), { recursive: true });
    });
    mkdirSync(join(folder.path, 'plain'));
    symlinkSync('loop', join(folder.path, 'loop'));
    writeFileSync(join(folder.path, 'text'), 'no repository\n');
    const names = ['format', 'empty', 'nowhere', 'good', 'no-head', 'no-objects', 'no-refs', 'odd-head', 'linked-head'];
    for (const name of [
      ...names,
      'badly-linked-head',
      'detached',
      'common',
      'plain',
      'missing',
      'loop',
      'x'.repeat(300),
      'text',
      'text/below',
    ]) {
      const ours = complaintOfOurs(join(folder.path, name));
      const gits = complaintOfGit(join(folder.path, name));
      expect([name, ours === '']).toEqual([name, gits === '']);
      if (gits.includes('gitfile')) expect(gits).toContain(ours);
    }
    expect(() => readLayout(`${folder.path}\0`)).toThrow(expect.objectContaining({ code: 'GM_NOT_FOUND' }));
  });
});
