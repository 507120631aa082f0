import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compareRawText, decodeRawText, encodeRawText, startsWithRawText } from './raw-text.ts';

/** Bytes among which well-formed, broken and overlong UTF-8 all turn up often. */
const rawBytes = fc
  .array(
    fc.oneof(
      fc.uint8Array({ maxLength: 4 }),
      fc.string({ unit: 'grapheme', maxLength: 3 }).map((text) => new Uint8Array(Buffer.from(text))),
      fc.constantFrom('edb080', 'c080', 'f4908080', 'efbfbd', 'e282', 'f09f98', 'eda080').map((hex) => {
        return new Uint8Array(Buffer.from(hex, 'hex'));
      }),
    ),
    { maxLength: 6 },
  )
  .map((parts) => Buffer.concat(parts));

describe('raw text', () => {
  it('gives back the bytes it was made of', () => {
    fc.assert(
      fc.property(rawBytes, (bytes) => {
        expect(Buffer.from(encodeRawText(decodeRawText(bytes)))).toEqual(bytes);
      }),
    );
  });

  it('is plain text where the bytes are UTF-8', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        expect(decodeRawText(Buffer.from(text))).toBe(text);
      }),
    );
    expect(decodeRawText(Buffer.from([0x61, 0xff, 0x62]))).toBe('a\udcffb');
  });

  it('is ordered, and begins, as its bytes do', () => {
    fc.assert(
      fc.property(rawBytes, rawBytes, (left, right) => {
        const order = compareRawText(decodeRawText(left), decodeRawText(right));
        expect(Math.sign(order)).toBe(Buffer.compare(left, right));
        const begins = left.subarray(0, right.length).equals(right);
        expect(startsWithRawText(decodeRawText(left), decodeRawText(right))).toBe(begins);
        const cut = left.subarray(0, Math.floor(left.length / 2));
        expect(startsWithRawText(decodeRawText(left), decodeRawText(cut))).toBe(true);
      }),
    );
  });
});
