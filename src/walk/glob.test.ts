import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { Repository } from '../../test/repositories/repository.ts';
import { runGit } from '../../test/repositories/run-git.ts';
import { makeTemporaryFolder } from '../../test/repositories/temporary-folder.ts';
import { parseSparseRules } from './sparse-rules.ts';
import { compileGlob } from './glob.ts';

const patterns = [
  '*', '**', 'a*', '*b', 'a?c', '?', 'a**c', '**/c', 'a/**', 'a/**/c', '/a', '/*', '/**/c', 'a/', '/a/*', '*/c', 'a/*/c',
  '[abc]', '[!a]*', '[^a]', '[]x]', '[a-c]b', '[c-a]', '[[:alpha:]]b', '[[:digit:]-]*', '[[:nope:]]', '[a', '[[:alpha]', '[a-]',
  '\\a', '\\*', 'a\\', '[\\]a]', '[a\\-z]', '\\[a]', '!a', '!', '/', 'a b ', 'a\\ ', 'a  \\', '**/', '/**', '**b', 'a/**b', 'x[/]y',
  '[[:upper:][:space:]]', '[--0]', '*.*', '*[ab]*[bc]*', 'ab/**/', '#a', '\\#a', '[!]a]', 'a/b\\', '?/?', '***/c',
]; // prettier-ignore
const paths = [
  'a', 'b', 'c', 'ab', 'abc', 'aXc', 'a/b', 'a/c', 'a/b/c', 'a/bb', 'x/c', 'x/y', '*', ']', '-', '-a', '1x', 'Ab', ' b', 'a ', 'a b',
  '[a', '[a]', 'a\\', '#a', '!a', 'a.b', 'ab/c/d', 'z', 'é', 'a-z', '\\a', 'aa/b/cc/c',
]; // prettier-ignore

test('git check-ignore finds the same patterns to match', async () => {
  await using folder = await makeTemporaryFolder();
  const bare = await Repository.init(join(folder.path, 'a.git'));
  await bare.configure('core.bare', 'false');
  await bare.configure('core.worktree', folder.path);
  for (const pattern of patterns) {
    // Something always matches, for git to exit well.
    await writeFile(join(folder.path, 'rules'), `/always\n${pattern}\n`);
    const settings = ['-c', `core.excludesFile=${join(folder.path, 'rules')}`];
    const told = await runGit([...settings, 'check-ignore', '-z', '-v', '-n', '--no-index', '--stdin'], {
      cwd: folder.path,
      input: ['always', ...paths, ''].join('\0'),
      env: { GIT_DIR: bare.path },
    });
    const fields = told.split('\0').slice(4);
    const rules = parseSparseRules(Buffer.from(`${pattern}\n`));
    for (let at = 0; at + 3 < fields.length; at += 4) {
      const path = Buffer.from(fields[at + 3] ?? '').toString('latin1');
      // Git looks at the folders above as well, and these files do not exist, so they are no folders.
      const parts = path.split('/').map((_, index, all) => all.slice(0, index + 1).join('/'));
      const verdicts = parts.map((part) => rules.verdict(part, part !== path));
      const ours = verdicts.find((verdict) => verdict === 'included') ?? verdicts.at(-1);
      let theirs = 'undecided';
      if (fields[at + 2] !== '') theirs = pattern.startsWith('!') ? 'excluded' : 'included';
      expect(ours, `${pattern} ${path}`).toBe(theirs);
    }
  }
});

test('no pattern takes long', () => {
  const text = 'a'.repeat(3000);
  const started = performance.now();
  expect(compileGlob(`${'*a'.repeat(200)}b`).matches(text)).toBe(false);
  expect(compileGlob(`${'**/'.repeat(200)}b`).matches('a/'.repeat(1000))).toBe(false);
  expect(performance.now() - started).toBeLessThan(5000);
});
