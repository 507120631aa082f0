import { describe, expect, test } from 'vitest';
import type { ObjectId } from '../core/object-id.ts';
import { deleteTemporaryRefs, moveTemporaryRefs, temporaryTips } from './temporary-refs.ts';

const [a, b, c] = ['a', 'b', 'c'].map((digit) => digit.repeat(40) as ObjectId) as [ObjectId, ObjectId, ObjectId];
const none = '0'.repeat(40);
const prefix = 'refs/git-mirror/bootstrap/';

describe('temporary refs', () => {
  test('what they hold, and nothing else, counts as sent', () => {
    const refs = new Map([
      [`${prefix}${a}`, a],
      ['refs/heads/main', b],
      ['refs/git-mirror/kept/1/heads/main', c],
    ]);
    expect([...temporaryTips(refs)]).toEqual([a]);
    expect(deleteTemporaryRefs(refs, 'sha1')).toEqual([{ ref: `${prefix}${a}`, oldOid: a, newOid: none }]);
  });

  test('new ones are made before old ones go; none is ever moved', () => {
    expect(moveTemporaryRefs(new Set([a, b]), new Set([b, c]), 'sha1')).toEqual([
      { ref: `${prefix}${c}`, oldOid: none, newOid: c },
      { ref: `${prefix}${a}`, oldOid: a, newOid: none },
    ]);
    expect(moveTemporaryRefs(new Set([a]), new Set([a]), 'sha1')).toEqual([]);
  });
});
