import fc from 'fast-check';
import { expect, test } from 'vitest';
import { compareVersions, versionFamily } from './version-order.ts';

test('M12: versions are ordered by their numbers, preparations in front of what they prepare', () => {
  const sorted = ['v0.9', 'v1.0-alpha', 'v1.0-beta2', 'v1.0-rc1', 'v1.0-rc10', 'v1.0', 'v1.0.1', 'v1.2', 'v1.10', 'v2'];
  expect(sorted.toReversed().toSorted(compareVersions)).toEqual(sorted);
  expect(['1.2rc1', '1.2', '1.2.0', '1.2a1'].toSorted(compareVersions)).toEqual(['1.2a1', '1.2rc1', '1.2', '1.2.0']);
  expect(['curl-7_9', 'curl-7_10_3', 'curl-7_10'].toSorted(compareVersions)).toEqual([
    'curl-7_9',
    'curl-7_10',
    'curl-7_10_3',
  ]);
  expect(compareVersions('v007', 'v7')).toBe(0);
  expect(compareVersions(`v${'9'.repeat(400)}`, `v1${'0'.repeat(400)}`)).toBeLessThan(0);
});

test('M12: what any two names make of each other is the same both ways', () => {
  const name = fc.stringMatching(/^[v@.rc0-9-]{0,8}$/);
  fc.assert(
    fc.property(name, name, (left, right) => {
      expect(Math.sign(compareVersions(left, right)) + Math.sign(compareVersions(right, left))).toBe(0);
      expect(compareVersions(left, left)).toBe(0);
    }),
  );
});

test('M12: versions of different things are of different families', () => {
  expect(versionFamily('refs/tags/v1.2')).toBe('refs/tags/v');
  expect(versionFamily('refs/tags/lib2@1.0.0')).toBe('refs/tags/lib2@');
  expect(versionFamily('refs/tags/app/3.1')).toBe('refs/tags/app/');
  expect(versionFamily('refs/tags/latest')).toBe('refs/tags/latest');
});
