import { describe, expect, it } from 'vitest';
import { MirrorPages } from './mirror-pages.ts';

const mirrors = Array.from({ length: 10 }, (_, index) => ({ url: `https://m${String(index)}.test/x` }));
const urls = (page: { readonly mirrors: readonly { readonly url: string }[] }) => page.mirrors.map(({ url }) => url);

describe('M5: pages', () => {
  it('belong to the order of the first one, whatever the order is by then', () => {
    const pages = new MirrorPages();
    const first = pages.page(() => mirrors, 4, undefined, 'a', 0);
    const second = pages.page(() => mirrors.toReversed(), 4, first.more?.cursor, 'a', 1000);
    const third = pages.page(() => mirrors.toReversed(), 4, second.more?.cursor, 'a', 2000);
    expect([first, second, third].flatMap(urls)).toEqual(mirrors.map(({ url }) => url));
    expect(third.more).toBeUndefined();
  });

  it('are the same part of a new order when the old one is forgotten, or another list is asked', () => {
    const pages = new MirrorPages();
    const cursor = pages.page(() => mirrors, 4, undefined, 'a', 0).more?.cursor;
    const rest = mirrors.slice(4).map(({ url }) => url);
    expect(urls(pages.page(() => mirrors, 100, cursor, 'b', 0))).toEqual(rest);
    expect(urls(pages.page(() => mirrors, 100, cursor, 'a', 3600_000))).toEqual(rest);
    expect(urls(pages.page(() => [], 100, cursor, 'b', 0))).toEqual([]);
  });

  it('begin anew for a cursor that is none', () => {
    const pages = new MirrorPages();
    for (const cursor of ['', 'x', '-1', `${'0'.repeat(16)}-99999999`]) {
      expect(urls(pages.page(() => mirrors, 2, cursor, 'a', 0))).toEqual(urls({ mirrors: mirrors.slice(0, 2) }));
    }
  });

  it('do not remember without end', () => {
    const pages = new MirrorPages();
    const first = pages.page(() => mirrors, 4, undefined, 'a', 0).more?.cursor;
    for (let index = 0; index < 300; index++) pages.page(() => mirrors, 4, undefined, 'a', 0);
    const other = mirrors.toReversed();
    expect(urls(pages.page(() => other, 1, first, 'a', 0))).toEqual([other[4]?.url]);
  });
});
