import fc from 'fast-check';
import { expect, test } from 'vitest';
import { CommitQueue } from './commit-queue.ts';

test('commits come out newest first, equals as they came, whatever is put in between', () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(fc.integer({ min: 0, max: 9 }), fc.constant('pop' as const))), (steps) => {
      const queue = new CommitQueue();
      const model: { slot: number; time: number }[] = [];
      for (const [slot, step] of steps.entries()) {
        if (step === 'pop') expect(queue.pop()).toBe(model.shift()?.slot ?? -1);
        else {
          queue.push(slot, step);
          const at = model.findIndex(({ time }) => time < step);
          model.splice(at < 0 ? model.length : at, 0, { slot, time: step });
        }
        expect(queue.size).toBe(model.length);
        if (model.length > 0) expect(queue.firstTime).toBe(model[0]?.time);
      }
    }),
  );
});

test('many commits of one time stay in order', () => {
  const queue = new CommitQueue();
  for (let slot = 0; slot < 1000; slot++) queue.push(slot, 7);
  expect(Array.from({ length: 1001 }, () => queue.pop())).toEqual([...Array(1000).keys(), -1]);
});
