import fc from 'fast-check';
import { expect, test } from 'vitest';
import { mutate } from '../../test/packs/mutate.ts';
import { ewahBytes, xorEwah } from './ewah.ts';

/** Compresses words of 64 bits as the format says; runs and plain words are cut at `maxPlain` words. */
function encodeEwah(words: readonly bigint[], maxPlain: number): Buffer {
  const all = 2n ** 64n - 1n;
  const out: bigint[] = [];
  for (let at = 0; at < words.length || out.length === 0;) {
    const bit = words[at] === all ? 1n : 0n;
    let run = 0;
    while (words[at + run] === (bit === 1n ? all : 0n)) run++;
    let plain = 0;
    const isPlain = (word: bigint | undefined): boolean => word !== undefined && word !== 0n && word !== all;
    while (plain < maxPlain && isPlain(words[at + run + plain])) plain++;
    out.push(bit | (BigInt(run) << 1n) | (BigInt(plain) << 33n), ...words.slice(at + run, at + run + plain));
    at += run + plain;
  }
  const bytes = Buffer.alloc(8 + out.length * 8 + 4);
  bytes.writeUInt32BE(words.length * 64, 0);
  bytes.writeUInt32BE(out.length, 4);
  for (const [index, word] of out.entries()) bytes.writeBigUInt64BE(word, 8 + index * 8);
  return bytes;
}

const word = fc.oneof(fc.constant(0n), fc.constant(2n ** 64n - 1n), fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }));
const bitmap = fc.array(word, { maxLength: 60 });

function toBits(words: readonly bigint[]): Uint32Array {
  return Uint32Array.from(words.flatMap((value) => [Number(value & 0xffff_ffffn), Number(value >> 32n)]));
}

test('two bitmaps, one after the other, give their exclusive or', () => {
  fc.assert(
    fc.property(bitmap, bitmap, fc.integer({ min: 1, max: 5 }), (left, right, maxPlain) => {
      const size = Math.max(left.length, right.length);
      const target = new Uint32Array(size * 2);
      for (const words of [left, right]) {
        const bytes = encodeEwah(words, maxPlain);
        expect(ewahBytes(bytes)).toBe(bytes.length);
        xorEwah(bytes, target);
      }
      const expected = Array.from({ length: size }, (_, index) => (left[index] ?? 0n) ^ (right[index] ?? 0n));
      expect(target).toEqual(toBits(expected));
    }),
  );
});

test('what is damaged, or longer than there are objects, is GM_CORRUPT, never more', () => {
  fc.assert(
    fc.property(bitmap, fc.integer(), (words, seed) => {
      const bytes = mutate(encodeEwah(words, 3), seed);
      try {
        xorEwah(bytes, new Uint32Array(words.length * 2));
      } catch (error) {
        expect(error).toMatchObject({ code: 'GM_CORRUPT' });
      }
    }),
  );
  expect(() => {
    xorEwah(encodeEwah([1n, 2n], 2), new Uint32Array(2));
  }).toThrow('more bits than there are objects');
  const endless = Buffer.from(encodeEwah([0n], 1));
  endless.writeBigUInt64BE(1n | (0xffff_ffffn << 1n), 8);
  expect(() => {
    xorEwah(endless, new Uint32Array(2));
  }).toThrow('more bits than there are objects');
});
