import { randomBytes } from 'node:crypto';
import { constants, deflateSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compressible, deflateSettings, skewedBytes } from '../../test/kernels/compressible.ts';
import { inflateStatus } from './inflate-state.ts';
import { Inflater, outputSlackBytes, windowBytes } from './inflate.ts';

/** Inflates `input`, given in pieces of `step` bytes, into a window that is emptied whenever it is full. */
function inflate(
  input: Uint8Array,
  step: number,
  windowRoom = 4096,
): { content: Buffer; end: number; problem: string } {
  const inflater = new Inflater();
  const output = new Uint8Array(windowBytes + windowRoom + outputSlackBytes);
  inflater.output = output;
  inflater.outputLimit = windowBytes + windowRoom;
  const pieces: Uint8Array[] = [];
  let start = 0;
  let given = 0;
  let from = 0;
  for (;;) {
    inflater.input = input.slice(from, given);
    inflater.inputPosition = 0;
    inflater.inputEnd = given - from;
    const status = inflater.run();
    from += inflater.inputPosition;
    pieces.push(output.slice(start, inflater.outputPosition));
    start = inflater.outputPosition;
    if (status === inflateStatus.done) return { content: Buffer.concat(pieces), end: from, problem: '' };
    if (status === inflateStatus.corrupt)
      return { content: Buffer.concat(pieces), end: from, problem: inflater.problem };
    if (status === inflateStatus.needOutput) {
      output.copyWithin(0, start - windowBytes, start);
      start = windowBytes;
      inflater.outputPosition = start;
    } else if (given >= input.length) {
      return { content: Buffer.concat(pieces), end: from, problem: 'cut off' };
    } else {
      given = Math.min(input.length, given + step);
    }
  }
}

describe('Inflater', () => {
  test('inflates what zlib deflated, whatever the settings and the pieces', () => {
    fc.assert(
      fc.property(compressible, deflateSettings, fc.integer({ min: 1, max: 5000 }), (bytes, options, step) => {
        const compressed = deflateSync(bytes, options);
        const tail = randomBytes(20);
        const result = inflate(Buffer.concat([compressed, tail]), step);
        expect(result.problem).toBe('');
        expect(result.end).toBe(compressed.length);
        expect(result.content.equals(bytes)).toBe(true);
      }),
      { numRuns: 400 },
    );
  });

  test('takes one byte at a time', () => {
    const bytes = Buffer.concat([randomBytes(300), Buffer.from(randomBytes(3000).toString('hex')), Buffer.alloc(999)]);
    for (const level of [0, 1, 6, 9]) {
      const compressed = deflateSync(bytes, { level });
      const result = inflate(compressed, 1);
      expect(result.content.equals(bytes)).toBe(true);
      expect(result.end).toBe(compressed.length);
    }
  });

  test('codes longer than the root tables', () => {
    const bytes = skewedBytes();
    const compressed = deflateSync(bytes, { strategy: constants.Z_HUFFMAN_ONLY });
    expect(inflate(compressed, 65536, 65536).content.equals(bytes)).toBe(true);
  });

  test('several blocks of every kind in one stream', () => {
    const bytes = Buffer.concat([randomBytes(70_000), Buffer.from('abc'.repeat(50_000)), randomBytes(70_000)]);
    expect(inflate(deflateSync(bytes, { memLevel: 1 }), 1000).content.equals(bytes)).toBe(true);
  });

  test('a flipped bit or a cut is noticed, or harmless to the content', () => {
    const bytes = Buffer.from(randomBytes(2000).toString('base64') + 'parent '.repeat(100));
    const compressed = deflateSync(bytes);
    fc.assert(
      fc.property(fc.nat(compressed.length * 8 - 1), fc.integer({ min: 1, max: 4000 }), (bit, step) => {
        const damaged = Buffer.from(compressed);
        damaged[bit >> 3] = (damaged[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        const result = inflate(damaged, step);
        expect(result.problem !== '' || result.content.equals(bytes)).toBe(true);
      }),
      { numRuns: 2000 },
    );
    for (let length = 0; length < compressed.length; length += 7) {
      expect(inflate(compressed.subarray(0, length), 100).problem).toBe('cut off');
    }
  });

  test('noise never crashes it', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 600 }), fc.integer({ min: 1, max: 600 }), (noise, step) => {
        inflate(Buffer.concat([Uint8Array.of(0x78, 0x9c), noise]), step);
      }),
      { numRuns: 3000 },
    );
  });

  test('says what is wrong', () => {
    expect(inflate(Buffer.from('blob'), 10).problem).toMatch(/not compressed/);
    expect(inflate(Uint8Array.of(0x78, 0x9c, 0x07), 10).problem).toMatch(/unknown type/);
    expect(inflate(Uint8Array.of(0x78, 0x9c, 0x01, 1, 0, 1, 0), 10).problem).toMatch(/stored block/);
    const wrongSum = deflateSync(Buffer.from('content'));
    wrongSum[wrongSum.length - 1] = (wrongSum.at(-1) ?? 0) ^ 1;
    expect(inflate(wrongSum, 100).problem).toMatch(/checksum/);
    // A fixed block whose first symbol is a match: there is nothing to copy from.
    expect(inflate(Uint8Array.of(0x78, 0x9c, 0x03, 0x02, 0, 0, 0, 0), 100).problem).toMatch(/back too far/);
  });

  test('never writes past the limit by more than its slack', () => {
    const compressed = deflateSync(Buffer.alloc(1_000_000));
    const inflater = new Inflater();
    inflater.output = new Uint8Array(1000 + outputSlackBytes + 64);
    inflater.outputLimit = 1000;
    inflater.input = compressed;
    inflater.inputEnd = compressed.length;
    expect(inflater.run()).toBe(inflateStatus.needOutput);
    expect(inflater.outputPosition).toBeGreaterThanOrEqual(1000);
    expect(inflater.outputPosition).toBeLessThanOrEqual(1000 + outputSlackBytes);
  });
});
