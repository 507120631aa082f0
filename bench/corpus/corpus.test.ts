import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { makeTemporaryFolder } from '../../test/repositories/temporary-folder.ts';
import { git } from '../git.ts';
import { makeCorpus } from './corpus.ts';
import { Random } from './random.ts';

test('the same seed gives the same numbers', () => {
  const random = new Random(1);
  const words = Array.from({ length: 3 }, () => random.word());
  expect(words).toEqual(
    Array.from(
      { length: 3 },
      (
        (again) => () =>
          again.word()
      )(new Random(1)),
    ),
  );
  expect(new Random(2).word()).not.toBe(words[0]);
});

test('the objects of a repository are the same on every machine', async () => {
  await using folder = await makeTemporaryFolder();
  const path = await makeCorpus('tiny', folder.path);
  expect(path).toBe(join(folder.path, 'tiny.git'));
  await git('--git-dir', path, 'fsck', '--full', '--strict', '--no-dangling');
  const refs = await git('--git-dir', path, 'for-each-ref');
  // Names of objects stand for all that they reach.
  expect(createHash('sha256').update(refs).digest('hex').slice(0, 16)).toBe('f4131bf30a18543f');
  expect((await git('--git-dir', path, 'rev-list', '--all', '--count')).trim()).toBe('30');
});
