import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { printableText } from './printable-text.ts';

describe('printableText', () => {
  it.each([
    ['plain text, ä and 日本', 'plain text, ä and 日本'],
    ['  one\ntwo\r\n\tthree  ', 'one two three'],
    ['\u001b[1;31mred\u001b[0m', 'red'],
    ['\u001b]0;new title\u0007text\u001b]8;;https://x\u001b\\link', 'textlink'],
    ['\u001b]unending', ']unending'],
    ['\u001b[2J\u001b[Hgone\u0008\u0000\u007f\u009b31m', 'gone31m'],
    ['left\u202eright\u2066x\u200b', 'leftrightx'],
  ])('%j is printed as %j', (text, printed) => {
    expect(printableText(text)).toBe(printed);
    expect(printableText(new TextEncoder().encode(text))).toBe(printed);
  });

  it('is short, on one line and free of controls, whatever comes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), fc.integer({ min: 1, max: 60 }), (bytes, maxLength) => {
        const printed = printableText(bytes, maxLength);
        expect(printed.length).toBeLessThanOrEqual(maxLength);
        expect(printed).not.toMatch(/[\u0000-\u001f\u007f-\u009f]/);
      }),
    );
  });

  it('cuts with an ellipsis and never within a character', () => {
    expect(printableText('abcdef', 4)).toBe('abc…');
    expect(printableText('ab😀def', 4).isWellFormed()).toBe(true);
  });
});
