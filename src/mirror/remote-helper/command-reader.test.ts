import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import { CommandReader, type HelperCommand } from './command-reader.ts';

const oid = 'a'.repeat(40);

async function readAll(text: string, size = text.length): Promise<readonly HelperCommand[]> {
  const input = new PassThrough();
  const reader = new CommandReader(input);
  for (let at = 0; at < text.length; at += size) input.write(Buffer.from(text.slice(at, at + size), 'latin1'));
  input.end();
  const commands = [];
  for (let command = await reader.next(); command !== undefined; command = await reader.next()) commands.push(command);
  return commands;
}

test.each([1, 5, 1000])('reads commands and batches, in pieces of %i', async (size) => {
  const text = [
    'capabilities',
    'option verbosity 1',
    'option push-option "a b"',
    'list for-push',
    `fetch ${oid} refs/heads/a`,
    `fetch ${oid} ${oid}`,
    '',
    'push +refs/heads/a:refs/heads/b',
    'push :refs/heads/c',
    '',
    '',
  ].join('\n');
  expect(await readAll(`${text}\n`, size)).toEqual([
    { kind: 'capabilities' },
    { kind: 'option', name: 'verbosity', value: '1' },
    { kind: 'option', name: 'push-option', value: '"a b"' },
    { kind: 'list', isForPush: true },
    {
      kind: 'fetch',
      refs: [
        { oid, name: 'refs/heads/a' },
        { oid, name: oid },
      ],
    },
    { kind: 'push', refspecs: ['+refs/heads/a:refs/heads/b', ':refs/heads/c'] },
  ]);
});

test('ends with its input, within a batch too', async () => {
  expect(await readAll(`fetch ${oid} refs/heads/a\n`)).toEqual([
    { kind: 'fetch', refs: [{ oid, name: 'refs/heads/a' }] },
  ]);
  expect(await readAll('')).toEqual([]);
});

test('takes no name for an object that is none', async () => {
  await expect(readAll('fetch --upload-pack=x refs/heads/a\n\n')).rejects.toMatchObject({ code: 'GM_PROTOCOL' });
});

test('names what it does not know', async () => {
  expect(await readAll('import refs/heads/a\n')).toEqual([{ kind: 'unknown', line: 'import refs/heads/a' }]);
});

test('tells when git has gone', async () => {
  const input = new PassThrough();
  const reader = new CommandReader(input);
  const gone = new Promise<string>((resolve) => {
    reader.onEnd(() => {
      resolve('gone');
    });
  });
  input.end();
  expect(await gone).toBe('gone');
});

test('waits no longer once it is stopped', async () => {
  const reader = new CommandReader(new PassThrough());
  const next = reader.next();
  reader.stop();
  expect(await next).toBeUndefined();
});
