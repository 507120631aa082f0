import { expect, test } from 'vitest';
import { pushReport } from './push-report.ts';

test('tells git of each ref what git push --porcelain said', () => {
  const porcelain = [
    'To https://example.org/x.git',
    ' \trefs/heads/a:refs/heads/a\t1111111..2222222',
    '+\trefs/heads/b:refs/heads/b\t1111111...2222222 (forced update)',
    '-\t:refs/heads/c\t[deleted]',
    '*\tHEAD:refs/heads/d\t[new branch]',
    '=\trefs/heads/e:refs/heads/e\t[up to date]',
    '!\trefs/heads/f:refs/heads/f\t[rejected] (non-fast-forward)',
    '!\trefs/heads/g:refs/heads/g\t[remote rejected] (hook (of ours) declined)',
    '!\trefs/heads/h:refs/heads/h\t[rejected]',
    'Done',
    '',
  ].join('\n');
  expect(pushReport(porcelain)).toEqual([
    'ok refs/heads/a',
    'ok refs/heads/b',
    'ok refs/heads/c',
    'ok refs/heads/d',
    'error refs/heads/e up to date',
    'error refs/heads/f non-fast forward',
    'error refs/heads/g hook (of ours) declined',
    'error refs/heads/h [rejected]',
  ]);
});

test('says nothing of a push that came to nothing', () => {
  expect(pushReport('')).toEqual([]);
});
