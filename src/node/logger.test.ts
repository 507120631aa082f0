import { expect, test } from 'vitest';
import { createLineLogger, onlyProblems } from './logger.ts';

function collect(format: 'human' | 'json', verbose = false) {
  const lines: string[] = [];
  const write = (line: string) => {
    lines.push(line);
  };
  const now = () => new Date(2026, 0, 2, 3, 4, 5);
  return { lines, logger: createLineLogger({ write, format, verbose, now }) };
}

test('lines for people have the time of day and no control characters', () => {
  const { lines, logger } = collect('human');
  logger.log('info', 'x', 'copied\u001b[31m a\nb\u0007', { ignored: 1 });
  logger.log('warn', 'x', 'careful');
  logger.log('error', 'x', 'broken');
  logger.log('debug', 'x', 'not shown');
  expect(lines).toEqual(['03:04:05 copied a b\n', '03:04:05 warning: careful\n', '03:04:05 error: broken\n']);
});

test('JSON lines have the fields', () => {
  const { lines, logger } = collect('json', true);
  logger.log('debug', 'request', 'GET', { status: 200 });
  expect(lines.map((line): unknown => JSON.parse(line))).toEqual([
    {
      time: new Date(2026, 0, 2, 3, 4, 5).toISOString(),
      level: 'debug',
      event: 'request',
      message: 'GET',
      status: 200,
    },
  ]);
});

test('only problems are left when nothing else is wanted', () => {
  const { lines, logger } = collect('human');
  const quiet = onlyProblems(logger);
  quiet.log('info', 'x', 'a');
  quiet.log('error', 'x', 'b');
  expect(lines).toEqual(['03:04:05 error: b\n']);
});
