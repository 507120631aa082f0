import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { ObjectId } from '../core/object-id.ts';
import { commandsOf } from './push-commands.ts';
import type { Action, RefPlan } from './result.ts';

const a = '1'.repeat(40) as ObjectId;
const b = '2'.repeat(40) as ObjectId;
const none = '0'.repeat(40);

function plan(action: Action, targetRef: string, sourceRef = targetRef): RefPlan {
  const isDelete = action === 'delete';
  return {
    branch: targetRef,
    sourceRef: isDelete ? '' : sourceRef,
    targetRef,
    sourceHash: isDelete ? '' : b,
    targetHash: action === 'create' ? '' : a,
    kind: 'branch',
    action,
    reason: '',
  };
}

describe('commandsOf', () => {
  test('only what changes is sent, with the value the ref is to have had', () => {
    const plans = [
      plan('create', 'refs/heads/c'),
      plan('skip', 'refs/heads/s'),
      plan('update', 'refs/heads/u'),
      plan('block', 'refs/heads/x'),
      plan('delete', 'refs/heads/d'),
    ];
    expect(commandsOf(plans, 'sha1', undefined)).toEqual([
      { ref: 'refs/heads/c', oldOid: none, newOid: b },
      { ref: 'refs/heads/u', oldOid: a, newOid: b },
      { ref: 'refs/heads/d', oldOid: a, newOid: none },
    ]);
  });

  test("the branch that the source's HEAD names comes first, whatever it is called on the target", () => {
    const plans = [plan('create', 'refs/heads/a'), plan('create', 'refs/heads/trunk', 'refs/heads/main')];
    expect(commandsOf(plans, 'sha1', 'refs/heads/main').map(({ ref }) => ref)).toEqual([
      'refs/heads/trunk',
      'refs/heads/a',
    ]);
  });

  test('a delete that makes way comes before the create, any other one last', () => {
    const plans = [
      plan('delete', 'refs/heads/a'),
      plan('create', 'refs/heads/a/b'),
      plan('delete', 'refs/heads/b/c/d'),
      plan('create', 'refs/heads/b'),
      plan('delete', 'refs/heads/gone'),
      plan('create', 'refs/heads/main'),
    ];
    expect(commandsOf(plans, 'sha1', 'refs/heads/main').map(({ ref }) => ref.slice('refs/heads/'.length))).toEqual([
      'a',
      'b/c/d',
      'main',
      'a/b',
      'b',
      'gone',
    ]);
  });

  test('names of the right length in a sha256 repository', () => {
    expect(commandsOf([plan('create', 'refs/heads/a')], 'sha256', undefined)[0]?.oldOid).toBe('0'.repeat(64));
  });

  test('property: applied in order, no two names are ever in the way of each other', () => {
    const segment = fc.constantFrom('a', 'b');
    const name = fc.array(segment, { minLength: 1, maxLength: 3 }).map((parts) => `refs/heads/${parts.join('/')}`);
    const clashes = (left: string, right: string): boolean => left !== right && `${left}/`.startsWith(`${right}/`);
    const clean = (names: readonly string[]): boolean =>
      !names.some((left) => names.some((right) => clashes(left, right)));
    const state = fc.uniqueArray(name, { maxLength: 5 }).filter(clean);
    fc.assert(
      fc.property(state, state, (before, after) => {
        const plans = [
          ...after.map((ref) => plan(before.includes(ref) ? 'update' : 'create', ref)),
          ...before.filter((ref) => !after.includes(ref)).map((ref) => plan('delete', ref)),
        ];
        const refs = new Set(before);
        for (const { ref, newOid } of commandsOf(plans, 'sha1', 'refs/heads/a')) {
          if (newOid === none) refs.delete(ref);
          else refs.add(ref);
          expect(clean([...refs])).toBe(true);
        }
        expect([...refs].sort()).toEqual([...after].sort());
      }),
    );
  });
});
