import { expect, test } from 'vitest';
import { readTally } from './test-tally.ts';

const report = (...files: readonly unknown[]) => JSON.stringify({ testResults: files });
const file = (status: string, ...tests: readonly string[]) => ({
  status,
  assertionResults: tests.map((each) => ({ status: each })),
});

test('counts tests, not files; skipped ones are neither', () => {
  const text = report(file('passed', 'passed', 'passed', 'skipped'), file('failed', 'passed', 'failed', 'failed'));
  expect(readTally(text, 1)).toEqual({ passed: 3, failed: 2 });
});

test('a file that cannot be loaded is a failure', () => {
  expect(readTally(report(file('passed', 'passed'), file('failed')), 1)).toEqual({ passed: 1, failed: 1 });
});

test('a status other than 0 is a failure, whatever the report says', () => {
  expect(readTally(report(file('passed', 'passed')), 1)).toEqual({ passed: 1, failed: 1 });
  expect(readTally('', 1)).toEqual({ passed: 0, failed: 1 });
  expect(readTally('{"testResults": 3}', 1)).toEqual({ passed: 0, failed: 1 });
});

test('a run without tests has none', () => {
  expect(readTally('', 0)).toEqual({ passed: 0, failed: 0 });
});
