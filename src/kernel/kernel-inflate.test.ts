import { randomBytes } from 'node:crypto';
import { constants, deflateRawSync, deflateSync, inflateRawSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { onEach, twinArenas } from '../../test/kernels/arena.ts';
import { compressible, deflateSettings, skewedBytes } from '../../test/kernels/compressible.ts';
import { adler32 } from './adler32.ts';
import { kernelStatus } from './kernel.ts';

const arenas = twinArenas(8 * 1024 * 1024);

interface Inflated {
  readonly result: number;
  readonly content: Buffer;
}

function inflate(stream: Uint8Array, outputSize: number): Inflated {
  return onEach(arenas, (arena) => {
    const input = arena.place(stream);
    const output = arena.room(outputSize);
    const result = arena.kernel.inflate(input, input + stream.length, output, outputSize);
    return { result, content: arena.read(output, result < 0 ? 0 : outputSize) };
  });
}

function inflatePrefix(stream: Uint8Array, outputSize: number): Inflated {
  return onEach(arenas, (arena) => {
    const input = arena.place(stream);
    const output = arena.room(outputSize);
    const result = arena.kernel.inflatePrefix(input, input + stream.length, output, outputSize);
    return { result, content: arena.read(output, Math.max(result, 0)) };
  });
}

/** A zlib stream around raw deflate data, with the checksum of `content`. */
function wrap(raw: Uint8Array, content: Uint8Array): Buffer {
  const trailer = Buffer.alloc(4);
  trailer.writeUInt32BE(adler32(1, content, 0, content.length));
  return Buffer.concat([Uint8Array.of(0x78, 0x9c), raw, trailer]);
}

/** What zlib makes of raw deflate data, and how much of it it takes; undefined when it refuses it. */
function oracle(raw: Uint8Array): { content: Buffer; length: number } | undefined {
  try {
    // Typed for asynchronous use, where `info` makes no sense.
    const { buffer, engine } = inflateRawSync(raw, { info: true, maxOutputLength: 2 ** 20 }) as unknown as {
      buffer: Buffer;
      engine: { bytesWritten: number };
    };
    return { content: buffer, length: engine.bytesWritten };
  } catch {
    return undefined;
  }
}

describe('Kernel.inflate', () => {
  test('inflates what zlib deflated, whatever the settings, and says where it ended', () => {
    fc.assert(
      fc.property(compressible, deflateSettings, fc.nat(20), (content, settings, tail) => {
        const stream = deflateSync(content, settings);
        const inflated = inflate(Buffer.concat([stream, randomBytes(tail)]), content.length);
        expect(inflated.result).toBe(stream.length);
        expect(inflated.content.equals(content)).toBe(true);
      }),
      { numRuns: 300 },
    );
  });

  test('small contents, as objects mostly are', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), fc.nat(9), (content, level) => {
        const stream = deflateSync(content, { level });
        const inflated = inflate(stream, content.length);
        expect(inflated.result).toBe(stream.length);
        expect(inflated.content.equals(content)).toBe(true);
      }),
      { numRuns: 500 },
    );
  });

  test('codes longer than the root tables', () => {
    const content = skewedBytes();
    const stream = deflateSync(content, { strategy: constants.Z_HUFFMAN_ONLY });
    expect(inflate(stream, content.length).content.equals(content)).toBe(true);
  });

  test('any other size is wrong', () => {
    fc.assert(
      fc.property(compressible, deflateSettings, fc.integer({ min: -300, max: 300 }), (content, settings, off) => {
        const size = content.length + off;
        if (off === 0 || size < 0) return;
        expect(inflate(deflateSync(content, settings), size).result).toBe(kernelStatus.wrongSize);
      }),
    );
  });

  test('any cut is noticed', () => {
    const content = Buffer.from(`${randomBytes(300).toString('base64')}${'parent '.repeat(100)}`);
    for (const level of [0, 1, 6]) {
      const stream = deflateSync(content, { level });
      for (let length = 0; length < stream.length; length++) {
        expect(inflate(stream.subarray(0, length), content.length).result).toBe(kernelStatus.truncated);
      }
    }
  });

  test('takes and refuses the same mutated data as zlib', () => {
    let taken = 0;
    let refused = 0;
    const mutation = fc.tuple(fc.double({ min: 0, max: 1, noNaN: true }), fc.nat(255));
    fc.assert(
      fc.property(
        compressible,
        deflateSettings,
        fc.array(mutation, { minLength: 1, maxLength: 4 }),
        (content, settings, mutations) => {
          const raw = deflateRawSync(content.subarray(0, 6000), settings);
          for (const [place, byte] of mutations) {
            // Most of them near the beginning, where the codes are.
            raw[Math.floor(place ** 3 * (raw.length - 1))] = byte;
          }
          const expected = oracle(raw);
          if (expected === undefined) {
            refused++;
            expect(inflate(wrap(raw, content), content.length).result).toBeLessThan(0);
            return;
          }
          taken++;
          const stream = wrap(raw.subarray(0, expected.length), expected.content);
          const inflated = inflate(stream, expected.content.length);
          expect(inflated.result).toBe(stream.length);
          expect(inflated.content.equals(expected.content)).toBe(true);
        },
      ),
      { numRuns: 3000 },
    );
    expect(taken).toBeGreaterThan(100);
    expect(refused).toBeGreaterThan(100);
  });

  test('noise is taken or refused as zlib does', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), fc.nat(2), (noise, kind) => {
        // Its first bits say what kind of block it is: stored, fixed codes, codes of its own.
        if (noise.length > 0) noise[0] = ((noise[0] ?? 0) & 0xf8) | 1 | (kind << 1);
        const expected = oracle(noise);
        const content = expected?.content ?? Buffer.alloc(100);
        const stream = wrap(noise.subarray(0, expected?.length), content);
        const { result } = inflate(stream, content.length);
        if (expected === undefined) expect(result).toBeLessThan(0);
        else expect(result).toBe(stream.length);
      }),
      { numRuns: 5000 },
    );
  });

  test.each([
    ['no zlib stream', Buffer.from('blob 12 and so on')],
    ['a dictionary', Uint8Array.of(0x78, 0xbb, 0, 0, 0, 0, 3, 0, 0, 0, 0, 1)],
    ['a window that is too large', Uint8Array.of(0x88, 0x1c, 3, 0, 0, 0, 0, 1)],
    ['a block of unknown type', Uint8Array.of(0x78, 0x9c, 0x07, 0, 0, 0, 0, 0, 0)],
    ['a stored block with a wrong length', Uint8Array.of(0x78, 0x9c, 0x01, 1, 0, 1, 0, 0, 0, 0)],
    ['a match with nothing in front of it', Uint8Array.of(0x78, 0x9c, 0x03, 0x02, 0, 0, 0, 0, 0)],
  ])('%s is corrupt', (_name, stream) => {
    expect(inflate(stream, 10).result).toBe(kernelStatus.corrupt);
  });

  test('a wrong checksum is corrupt', () => {
    const stream = deflateSync(Buffer.from('content'));
    stream[stream.length - 1] = (stream.at(-1) ?? 0) ^ 1;
    expect(inflate(stream, 7).result).toBe(kernelStatus.corrupt);
  });

  test('a stream that would inflate to far more than its size stops there', () => {
    expect(inflate(deflateSync(Buffer.alloc(50_000_000)), 1000).result).toBe(kernelStatus.wrongSize);
  });
});

describe('Kernel.inflatePrefix', () => {
  test('gives the beginning, or all of it', () => {
    fc.assert(
      fc.property(compressible, deflateSettings, fc.nat(6000), (content, settings, size) => {
        const inflated = inflatePrefix(deflateSync(content, settings), size);
        expect(inflated.content.equals(content.subarray(0, size))).toBe(true);
      }),
      { numRuns: 300 },
    );
  });

  test('gives what there is of a stream that is cut', () => {
    const content = Buffer.from(`${randomBytes(300).toString('base64')}${'parent '.repeat(100)}`);
    for (const level of [0, 1, 6]) {
      const stream = deflateSync(content, { level });
      for (let length = 2; length < stream.length; length++) {
        const inflated = inflatePrefix(stream.subarray(0, length), content.length + 10);
        expect(inflated.content.equals(content.subarray(0, inflated.result))).toBe(true);
      }
    }
  });

  test('does not care for what comes behind', () => {
    const content = randomBytes(3000);
    const stream = deflateSync(content, { level: 0 });
    expect(inflatePrefix(Buffer.concat([stream.subarray(0, 200), Buffer.alloc(3000, 7)]), 100).content).toEqual(
      content.subarray(0, 100),
    );
  });

  test('what is wrong in front is corrupt', () => {
    expect(inflatePrefix(Buffer.from('blob 12 and so on'), 5).result).toBe(kernelStatus.corrupt);
  });
});
