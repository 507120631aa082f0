import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeUtf8 } from '../core/bytes.ts';
import { limits } from '../core/limits.ts';
import { fractions } from '../../test/wire/arbitraries.ts';
import { feedings } from '../../test/wire/chunking.ts';
import { MessageLines } from './message-lines.ts';

describe('MessageLines', () => {
  it('ends a line at LF and CR, and leaves out empty ones', () => {
    const lines = new MessageLines();
    lines.push(encodeUtf8('Counting:  50%\rCounting: 100%, done.\r\n\nlast'));
    expect(lines.take()).toEqual(['Counting:  50%', 'Counting: 100%, done.']);
    expect(lines.take()).toEqual([]);
    lines.push(encodeUtf8(' words\n'));
    expect(lines.take()).toEqual(['last words']);
  });

  it('gives the same lines however the text is cut, also within a character', () => {
    const bytes = encodeUtf8('Zähle Objekte: 😀\rfertig.\nörtlich');
    fc.assert(
      fc.property(fractions, (cuts) => {
        for (const chunks of feedings(bytes, cuts)) {
          const lines = new MessageLines();
          for (const chunk of chunks) lines.push(chunk);
          lines.finish();
          expect(lines.take()).toEqual(['Zähle Objekte: 😀', 'fertig.', 'örtlich']);
        }
      }),
    );
  });

  it('keeps the newest lines when nobody takes them', () => {
    const lines = new MessageLines();
    for (let index = 0; index < 100_000; index += 1) lines.push(encodeUtf8(`line ${index}\n`));
    const kept = lines.take();
    expect(kept.at(-1)).toBe('line 99999');
    expect(kept.join('').length).toBeLessThanOrEqual(limits.maxMessageBytes);
    expect(kept.length).toBeGreaterThan(1000);
  });

  it('does not collect a line that never ends', () => {
    const lines = new MessageLines();
    for (let index = 0; index < 1000; index += 1) lines.push(encodeUtf8('x'.repeat(1000)));
    const kept = lines.take();
    expect(kept.length).toBeGreaterThan(1);
    expect(Math.max(...kept.map((line) => line.length))).toBeLessThanOrEqual(4096);
  });
});
