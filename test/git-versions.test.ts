import { expect, test } from 'vitest';
import { runGit } from './repositories/run-git.ts';
import { compareFamilies, gitVersions, neededGitVersions } from './git-versions.ts';

test('families are ordered by number', () => {
  expect(['2.47', '2.9', '1.10', '2.30'].sort(compareFamilies)).toEqual(['1.10', '2.9', '2.30', '2.47']);
});

test('each version runs and says which it is', async () => {
  const versions = gitVersions();
  expect(versions.length).toBeGreaterThan(0);
  const said = await runGit(['version']);
  expect(versions.map(({ version }) => `git version ${version}`)).toContain(/git version \S+/.exec(said)?.[0]);
});

// A developer's machine may do with its own git alone; `npm run git-versions` provides the others.
test('CI has versions enough to compare', () => {
  const found = gitVersions().map(({ version }) => version);
  const needed = process.env['CI'] === undefined ? 1 : neededGitVersions;
  const missing = `only ${found.join(', ')} are here; npm run git-versions provides 2.30, 2.47 and the newest`;
  expect(found.length, missing).toBeGreaterThanOrEqual(needed);
});
