import { describe, expect, test } from 'vitest';
import type { ObjectId } from '../core/object-id.ts';
import { refKindOf } from '../core/ref-name.ts';
import { movesToCheck, planRefs, type PlanInput } from './plan-refs.ts';
import type { SyncPolicy } from './request.ts';
import { resolvePolicy } from './resolve-policy.ts';
import { ResolvedScope } from './resolve-scope.ts';

function oid(digit: string): ObjectId {
  return digit.repeat(40) as ObjectId;
}

function input(
  source: Readonly<Record<string, string>>,
  target: Readonly<Record<string, string>>,
  policy: SyncPolicy = {},
  mode: 'sync' | 'replicate' = 'sync',
): PlanInput {
  return {
    desired: Object.entries(source).map(([name, digit]) => ({
      sourceRef: name,
      targetRef: name,
      oid: oid(digit),
      kind: refKindOf(name),
    })),
    targetRefs: new Map(Object.entries(target).map(([name, digit]) => [name, oid(digit)])),
    scope: new ResolvedScope({ allRefs: true }, true),
    policy: resolvePolicy(policy, mode),
  };
}

/** Actions and reasons by ref. */
function plan(made: PlanInput, fastForwards: readonly string[] = []): Readonly<Record<string, string>> {
  const refs = planRefs(made, new Set(fastForwards));
  return Object.fromEntries(refs.map(({ targetRef, action, reason }) => [targetRef, `${action}: ${reason}`]));
}

describe('planRefs', () => {
  test('create, skip, update, block', () => {
    const made = input(
      { 'refs/heads/a': '1', 'refs/heads/b': '1', 'refs/heads/c': '2', 'refs/heads/d': '2' },
      { 'refs/heads/b': '1', 'refs/heads/c': '1', 'refs/heads/d': '1' },
    );
    expect(plan(made, ['refs/heads/c'])).toEqual({
      'refs/heads/a': 'create: not on the target yet',
      'refs/heads/b': 'skip: up to date',
      'refs/heads/c': 'update: fast-forward',
      'refs/heads/d': 'block: not a fast-forward; force it to overwrite the target',
    });
  });

  test('the order is that of the names', () => {
    const made = input({ 'refs/tags/a': '1', 'refs/heads/z': '1', 'refs/heads/b': '1' }, {});
    expect(planRefs(made, new Set()).map(({ targetRef }) => targetRef)).toEqual([
      'refs/heads/b',
      'refs/heads/z',
      'refs/tags/a',
    ]);
  });

  test.each([
    { policy: {}, mode: 'sync', expected: 'block: the tag has moved; force it to overwrite the target' },
    { policy: { force: true }, mode: 'sync', expected: 'update: differs from the source; forced' },
    { policy: { forceBlind: true }, mode: 'sync', expected: 'update: differs from the source; forced' },
    { policy: { onRewrite: 'keep' }, mode: 'sync', expected: 'update: the tag has moved; the old tip is kept' },
    { policy: {}, mode: 'replicate', expected: 'update: differs from the source' },
    {
      policy: { onRewrite: 'block' },
      mode: 'replicate',
      expected: 'block: the tag has moved; force it to overwrite the target',
    },
  ] as const)('a moved tag, $mode with $policy', ({ policy, mode, expected }) => {
    const made = input({ 'refs/tags/v1': '2' }, { 'refs/tags/v1': '1' }, policy, mode);
    expect(plan(made)).toEqual({ 'refs/tags/v1': expected });
  });

  test('only moves whose outcome hangs on ancestry are asked for', () => {
    const source = {
      'refs/heads/a': '2',
      'refs/heads/b': '1',
      'refs/heads/c': '1',
      'refs/tags/v': '2',
      'refs/x/y': '2',
    };
    const target = { 'refs/heads/a': '1', 'refs/heads/b': '1', 'refs/tags/v': '1', 'refs/x/y': '1' };
    const asked = (policy: SyncPolicy, mode: 'sync' | 'replicate' = 'sync'): readonly string[] =>
      movesToCheck(input(source, target, policy, mode)).map(({ targetRef }) => targetRef);
    expect(asked({})).toEqual(['refs/heads/a', 'refs/x/y']);
    expect(asked({ onRewrite: 'keep' }, 'replicate')).toEqual(['refs/heads/a', 'refs/x/y']);
    expect(asked({ force: true })).toEqual([]);
    expect(asked({}, 'replicate')).toEqual([]);
  });

  test('prune deletes what the scope manages and the source lacks', () => {
    const target = { 'refs/heads/a': '1', 'refs/heads/b': '1', 'refs/git-mirror/kept/1/heads/a': '1' };
    expect(plan(input({ 'refs/heads/a': '1' }, target, { prune: true }))).toEqual({
      'refs/heads/a': 'skip: up to date',
      'refs/heads/b': 'delete: not on the source any more',
    });
    expect(plan(input({ 'refs/heads/a': '1' }, target))).not.toHaveProperty('refs/heads/b');
  });

  test.each([
    { gone: 1, percent: 10, action: 'delete' },
    { gone: 2, percent: 10, action: 'block' },
    { gone: 1, percent: 0, action: 'block' },
    { gone: 10, percent: 100, action: 'delete' },
  ])('$gone of 10 gone with a bound of $percent %: $action', ({ gone, percent, action }) => {
    const all = Object.fromEntries(Array.from({ length: 10 }, (_, index) => [`refs/heads/b${String(index)}`, '1']));
    const left = Object.fromEntries(Object.entries(all).slice(gone));
    const plans = planRefs(input(left, all, { prune: true, maxPrunePercent: percent }), new Set());
    expect(plans.filter((each) => each.action === action)).toHaveLength(gone);
  });
});
