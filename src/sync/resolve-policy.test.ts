import { describe, expect, test } from 'vitest';
import { resolvePolicy } from './resolve-policy.ts';

describe('resolvePolicy', () => {
  test.each([
    { policy: {}, mode: 'sync', rewrite: 'block', blind: false },
    { policy: {}, mode: 'replicate', rewrite: 'overwrite', blind: false },
    { policy: { force: true }, mode: 'sync', rewrite: 'overwrite', blind: false },
    { policy: { forceWithLease: true }, mode: 'sync', rewrite: 'overwrite', blind: false },
    { policy: { forceBlind: true }, mode: 'sync', rewrite: 'overwrite', blind: true },
    { policy: { onRewrite: 'keep' }, mode: 'replicate', rewrite: 'keep', blind: false },
    { policy: { forceBlind: true, onRewrite: 'keep' }, mode: 'sync', rewrite: 'keep', blind: true },
  ] as const)('$mode with $policy: $rewrite, blind $blind', ({ policy, mode, rewrite, blind }) => {
    expect(resolvePolicy(policy, mode)).toMatchObject({ mode, rewrite, blind });
  });

  test('everything else is off unless it is asked for', () => {
    expect(resolvePolicy({}, 'sync')).toMatchObject({
      prune: false,
      maxPrunePercent: 100,
      bestEffort: false,
      atomic: false,
      pushOptions: [],
    });
  });
});
