import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { gitVersions } from '../../../test/git-versions.ts';
import { makeTemporaryFolder } from '../../../test/repositories/temporary-folder.ts';
import { matchesGlob } from './wildmatch.ts';

const newestGit = gitVersions().at(-1)?.program ?? 'git';

const glob = fc
  .array(
    fc.constantFrom(
      ...[
        '*',
        '**',
        '/',
        '**/',
        '/**',
        '?',
        'a',
        'b',
        'c',
        '.',
        '[ab]',
        '[!a]',
        '[^b/]',
        '[a-c]',
        '[]a]',
        '[[:alpha:]]',
      ],
      ...[
        '[[:digit:]x]',
        '[',
        '[a-',
        '\\*',
        '\\a',
        '[\\]]',
        '[a\\-c]',
        'abc',
        '/a/',
        '[[:nope:]]',
        '[[:a]',
        '-',
        '[--/]',
      ],
    ),
    { minLength: 1, maxLength: 6 },
  )
  .map((parts) => parts.join(''));

const text = fc
  .array(fc.constantFrom('a', 'b', 'c', '/', 'abc', '.', '-', ']', '[', '*', '\\', '1'), { minLength: 1, maxLength: 8 })
  .map((parts) => parts.join(''));

describe('globs', () => {
  it('match what git lets them match', { timeout: 120_000 }, async () => {
    await using folder = await makeTemporaryFolder();
    const marks = join(folder.path, 'marks');
    const config = join(folder.path, 'config');
    // Git's own matcher can be asked by conditions on a URL: each pattern that matches includes a file with its number.
    const globs = [...new Set(fc.sample(glob, { numRuns: 300, seed: 3 }))];
    const quote = (value: string): string => `"${value.replace(/["\\]/g, '\\$&')}"`;
    globs.forEach((_, index) => {
      writeFileSync(`${marks}-${String(index)}`, `[found]\nnumber = ${String(index)}\n`);
    });
    for (const subject of fc.sample(text, { numRuns: 60, seed: 4 })) {
      const conditions = globs.map(
        (pattern, index) =>
          `[includeIf ${quote(`hasconfig:remote.*.url:${pattern}`)}]\npath = ${marks}-${String(index)}\n`,
      );
      writeFileSync(config, `[remote "x"]\nurl = ${quote(subject)}\n${conditions.join('')}`);
      const said = execFileSync(newestGit, ['config', '--list', '-z'], {
        env: { ...process.env, GIT_CONFIG_GLOBAL: config },
        cwd: folder.path,
      });
      const matching = [...said.toString().matchAll(/found\.number\n(\d+)\0/g)].map(
        ([, index]) => globs[Number(index)],
      );
      expect([subject, globs.filter((pattern) => matchesGlob(pattern, subject))]).toEqual([subject, matching]);
    }
  });

  it('ignore case when asked to', () => {
    expect(matchesGlob('/HOME/[A-C]*/Git', '/home/Bob/gIT', { ignoreCase: true })).toBe(true);
    expect(matchesGlob('/HOME/**', '/home/bob')).toBe(false);
  });

  it('do not run away on many stars', () => {
    const start = performance.now();
    expect(matchesGlob(`${'*a'.repeat(500)}b`, 'a'.repeat(1000))).toBe(false);
    expect(performance.now() - start).toBeLessThan(5000);
  });
});
