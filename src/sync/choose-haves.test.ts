import { describe, expect, test } from 'vitest';
import type { ObjectId } from '../core/object-id.ts';
import { chooseHaves } from './choose-haves.ts';
import type { Action, RefPlan } from './result.ts';

function oid(number: number): ObjectId {
  return number.toString(16).padStart(40, '0') as ObjectId;
}

function plan(action: Action, targetHash: ObjectId | ''): RefPlan {
  const ref = `refs/heads/${targetHash}`;
  return {
    branch: ref,
    sourceRef: ref,
    targetRef: ref,
    sourceHash: oid(9),
    targetHash,
    kind: 'branch',
    action,
    reason: '',
  };
}

describe('chooseHaves', () => {
  test('old tips of what moves come first, then branches, others, tags, and what lies beyond refs', () => {
    const refs = new Map([
      ['refs/tags/v1', oid(1)],
      ['refs/pull/1/head', oid(2)],
      ['refs/heads/main', oid(3)],
      ['refs/heads/old', oid(4)],
    ]);
    const haves = chooseHaves([plan('skip', oid(3)), plan('update', oid(4)), plan('delete', oid(2))], refs, [oid(5)]);
    expect(haves).toEqual([oid(4), oid(2), oid(3), oid(1), oid(5)]);
  });

  test('no name is given twice', () => {
    const refs = new Map([
      ['refs/heads/a', oid(1)],
      ['refs/heads/b', oid(1)],
    ]);
    expect(chooseHaves([plan('update', oid(1))], refs, [oid(1)])).toEqual([oid(1)]);
  });

  test('a target with very many refs is not told in full, but everything that moves is', () => {
    const refs = new Map(
      Array.from({ length: 10_000 }, (_, index) => [`refs/heads/b${String(index)}`, oid(index + 1)]),
    );
    const moving = Array.from({ length: 3000 }, (_, index) => plan('update', oid(index + 1)));
    const haves = new Set(chooseHaves(moving, refs, []));
    for (const { targetHash } of moving) expect(haves.has(targetHash as ObjectId)).toBe(true);
    expect(haves.size).toBe(3000 + 256);
    expect(chooseHaves([plan('create', '')], refs, [])).toHaveLength(2048);
  });

  test('an empty target has nothing', () => {
    expect(chooseHaves([plan('create', '')], new Map(), [])).toEqual([]);
  });
});
