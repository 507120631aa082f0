import { describe, expect, it } from 'vitest';
import type { ObjectId } from '../core/object-id.ts';
import type { SelectionRequest } from '../walk/object-selection.ts';
import { isRepeatable } from './pack-key.ts';

const clone: SelectionRequest = {
  wants: [1],
  haves: [],
  clientShallow: [],
  boundary: [],
  unshallowed: [],
  filter: undefined,
  includeTags: [],
  thin: true,
};
const byName = { kind: 'sparse:oid', rules: 'main:rules' } as const;

describe('isRepeatable', () => {
  it('holds for clients that have nothing, shallow ones and filtered ones too', () => {
    expect(isRepeatable(clone)).toBe(true);
    expect(isRepeatable({ ...clone, boundary: [1], filter: { kind: 'blob:none' } })).toBe(true);
    expect(isRepeatable({ ...clone, haves: [2] })).toBe(false);
    expect(isRepeatable({ ...clone, clientShallow: [2] })).toBe(false);
  });

  it('does not hold for rules that are named by an expression, however deep in the filter', () => {
    expect(isRepeatable({ ...clone, filter: byName })).toBe(false);
    expect(isRepeatable({ ...clone, filter: { kind: 'combine', filters: [{ kind: 'blob:none' }, byName] } })).toBe(
      false,
    );
    const rulesOid = 'f'.repeat(40) as ObjectId;
    expect(isRepeatable({ ...clone, filter: { ...byName, rulesOid } })).toBe(true);
  });
});
