import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { TaskGate } from './task-gate.ts';

test('never more tasks than places, in the order they came, also after failures', async () => {
  const gate = new TaskGate(2);
  let active = 0;
  let most = 0;
  const begun: number[] = [];
  const tasks = Array.from({ length: 10 }, (_, index) =>
    gate.run(async () => {
      begun.push(index);
      active += 1;
      most = Math.max(most, active);
      await delay(index % 3);
      active -= 1;
      if (index % 4 === 1) throw new Error(String(index));
      return index;
    }),
  );
  const results = await Promise.allSettled(tasks);
  expect(most).toBe(2);
  expect(begun).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  expect(results.filter(({ status }) => status === 'rejected')).toHaveLength(3);
  expect(await gate.run(async () => 'free')).toBe('free');
});
