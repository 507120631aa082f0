import { describe, expect, test } from 'vitest';
import type { ObjectId } from '../core/object-id.ts';
import { groupByNeed } from './group-by-need.ts';
import type { Delivery } from './relay.ts';

const [a, b, c] = ['a', 'b', 'c'].map((digit) => digit.repeat(40) as ObjectId) as [ObjectId, ObjectId, ObjectId];

describe('groupByNeed', () => {
  test('the same objects on top of the same ones are fetched once, whatever the order they are named in', () => {
    const delivery = (): Delivery => ({ commands: [] }) as unknown as Delivery;
    const [first, second, third, fourth] = [delivery(), delivery(), delivery(), delivery()];
    const groups = groupByNeed([
      { need: { wants: [a, b], haves: [c] }, delivery: first },
      { need: { wants: [a, b], haves: [] }, delivery: second },
      { need: { wants: [b, a], haves: [c] }, delivery: third },
      { need: { wants: [a], haves: [b, c] }, delivery: fourth },
    ]);
    expect(groups.map(({ deliveries }) => deliveries)).toEqual([[first, third], [second], [fourth]]);
    expect(groups[0]?.need).toEqual({ wants: [a, b], haves: [c] });
  });
});
