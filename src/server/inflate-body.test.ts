import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { streamOf } from '../core/byte-stream.ts';
import { concatBytes } from '../core/bytes.ts';
import { GitMirrorError, isGitMirrorError } from '../core/error.ts';
import { inflateBody, isGzip } from './inflate-body.ts';

async function inflate(bytes: Uint8Array, maxBytes = 1_000_000, size = 1000): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; at += size) chunks.push(bytes.subarray(at, at + size));
  const result: Uint8Array[] = [];
  for await (const chunk of inflateBody(streamOf(...chunks), maxBytes)) result.push(chunk);
  return concatBytes(result);
}

test('only the names that git-http-backend knows mean gzip', () => {
  expect(['gzip', 'x-gzip', 'GZIP', 'deflate', '', undefined].map(isGzip)).toEqual([
    true,
    true,
    false,
    false,
    false,
    false,
  ]);
});

test('a body of any size comes out as it was, in pieces of any size', async () => {
  for (const length of [0, 1, 1000, 500_000]) {
    const content = Buffer.alloc(length, 'pack my box with five dozen liquor jugs');
    for (const size of [1, 7, 100_000]) {
      if (size === 1 && length > 1000) continue;
      expect(Buffer.from(await inflate(gzipSync(content), 500_000, size)).equals(content)).toBe(true);
    }
  }
});

test('a bomb is stopped at the bound', async () => {
  const bomb = gzipSync(Buffer.alloc(64 * 1024 * 1024));
  let taken = 0;
  const run = async (): Promise<void> => {
    for await (const chunk of inflateBody(streamOf(bomb), 1_000_000)) taken += chunk.length;
  };
  await expect(run()).rejects.toMatchObject({ code: 'GM_TOO_LARGE' });
  expect(taken).toBeLessThanOrEqual(1_000_000);
});

test('what breaks the body off is what is thrown', async () => {
  async function* body(): AsyncGenerator<Uint8Array, void, void> {
    yield gzipSync('hello').subarray(0, 12);
    throw new GitMirrorError('GM_NETWORK', 'gone');
  }
  const run = async (): Promise<void> => {
    for await (const chunk of inflateBody(body(), 100)) expect(chunk).toBeDefined();
  };
  await expect(run()).rejects.toMatchObject({ code: 'GM_NETWORK' });
});

test('whatever is changed in a stream, it comes out or is refused', async () => {
  const real = gzipSync(Buffer.from('0014command=ls-refs\n00010009peel\n0000'.repeat(20)));
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(fc.nat(real.length - 1), fc.nat(255)), { maxLength: 4 }),
      fc.nat(real.length),
      async (edits, end) => {
        const bytes = Buffer.from(real);
        for (const [index, value] of edits) bytes[index] = value;
        try {
          expect((await inflate(bytes.subarray(0, end), 10_000)).length).toBeLessThanOrEqual(10_000);
        } catch (error) {
          expect(isGitMirrorError(error, 'GM_PROTOCOL') || isGitMirrorError(error, 'GM_TOO_LARGE')).toBe(true);
        }
      },
    ),
    { numRuns: 200 },
  );
});
