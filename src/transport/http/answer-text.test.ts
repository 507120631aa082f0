import { describe, expect, it } from 'vitest';
import { titleOf } from './answer-text.ts';

describe('the title of a web page', () => {
  it.each([
    ['<html><head><title>Not found</title>', 'Not found'],
    ['<TITLE lang="en">\n a\t b\n</TITLE>', ' a b '],
    ['<title>a &amp;lt; b &quot;c&#39;</title>', 'a &lt; b "c\''],
    ['<title>cut off', 'cut off'],
    ['<p>none</p>', ''],
  ])('of %j is %j', (html, title) => {
    expect(titleOf(html)).toBe(title);
  });
});
