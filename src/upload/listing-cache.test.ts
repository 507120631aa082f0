import { expect, it } from 'vitest';
import { ListingCache } from './listing-cache.ts';

it('keeps what was used last, within its bytes', () => {
  const cache = new ListingCache(100);
  cache.set('a', [new Uint8Array(30), new Uint8Array(10)]);
  cache.set('b', [new Uint8Array(40)]);
  expect(cache.get('a')).toHaveLength(2);
  cache.set('c', [new Uint8Array(50)]);
  expect(cache.get('b')).toBeUndefined();
  expect(cache.get('a')).toHaveLength(2);
  expect(cache.get('c')).toHaveLength(1);
  cache.set('c', [new Uint8Array(101)]);
  expect(cache.get('c')).toBeUndefined();
  cache.set('d', [new Uint8Array(60)]);
  expect(cache.get('a')).toHaveLength(2);
});
