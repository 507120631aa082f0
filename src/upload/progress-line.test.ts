import { describe, expect, it } from 'vitest';
import { ProgressLine } from './progress-line.ts';

function lines(title: string, total: number, counts: readonly number[]): string {
  let text = '';
  const line = new ProgressLine(title, total, (more) => {
    text += more;
  });
  for (const count of counts) line.update(count);
  line.finish();
  return text;
}

describe('ProgressLine', () => {
  it('shows each percentage once, as git does when it counts one by one', () => {
    // What git prints for two objects.
    const expected =
      'Counting objects:  50% (1/2)\rCounting objects: 100% (2/2)\rCounting objects: 100% (2/2), done.\n';
    expect(lines('Counting objects', 2, [1, 2])).toBe(expected);
    expect(lines('Counting objects', 2, [])).toBe(expected);
  });

  it('shows a hundred percentages of many, and the first count of each', () => {
    const text = lines('Counting objects', 1234, []);
    const shown = text.split('\r');
    expect(shown).toHaveLength(102);
    expect(shown[0]).toBe('Counting objects:   0% (1/1234)');
    expect(shown[1]).toBe('Counting objects:   1% (13/1234)');
    expect(shown[50]).toBe('Counting objects:  50% (617/1234)');
    expect(text.endsWith('Counting objects: 100% (1234/1234), done.\n')).toBe(true);
  });

  it('shows no counts without a total but the last, when it is over at once', () => {
    let text = '';
    const line = new ProgressLine('Enumerating objects', 0, (more) => {
      text += more;
    });
    line.update(3);
    line.finish(7);
    expect(text).toBe('Enumerating objects: 7, done.\n');
  });
});
