import { InvalidArgumentError } from 'commander';
import { expect, test } from 'vitest';
import {
  collectBranches,
  collectMappings,
  parseByteSize,
  parseCount,
  parseDuration,
  parseListen,
  parsePercent,
} from './flag-values.ts';

test.each([
  ['500000', 500_000],
  ['100m', 100 * 1024 ** 2],
  ['1g', 1024 ** 3],
  ['1.5GiB', 1.5 * 1024 ** 3],
  ['10KB', 10_240],
  ['7b', 7],
])('%s is %i bytes', (text, bytes) => {
  expect(parseByteSize(text)).toBe(bytes);
});

test.each(['', '0', '-1', '1x', 'm', '1e9', '0.1', '99999999999t', '1 g b', 'Infinity'])('%j is no size', (text) => {
  expect(() => parseByteSize(text)).toThrow(InvalidArgumentError);
});

test('counts and shares', () => {
  expect(parseCount('12')).toBe(12);
  for (const text of ['0', '-1', '1.5', '', '0x10', '9'.repeat(20)]) expect(() => parseCount(text)).toThrow('whole');
  expect(parsePercent('12.5')).toBe(12.5);
  expect(parsePercent('100%')).toBe(100);
  for (const text of ['', '101', '-1', 'x', '%']) expect(() => parsePercent(text)).toThrow('0 to 100');
});

test('branches come in lists and pile up', () => {
  expect(collectBranches('main, dev', ['one'])).toEqual(['one', 'main', 'dev']);
  for (const text of ['', 'a,', ',', 'a,,b']) expect(() => collectBranches(text, undefined)).toThrow('commas');
});

test('mappings have exactly two sides', () => {
  expect(collectMappings('main:x/main', [{ source: 'a', target: 'b' }])).toEqual([
    { source: 'a', target: 'b' },
    { source: 'main', target: 'x/main' },
  ]);
  for (const text of ['', 'main', 'main:', ':main', 'a:b:c', ':']) {
    expect(() => collectMappings(text, undefined)).toThrow('SOURCE:TARGET');
  }
});

test('lengths of time', () => {
  expect(['30', '30s', '500ms', '5m', '1.5h', '7d'].map(parseDuration)).toEqual([
    30_000, 30_000, 500, 300_000, 5_400_000, 604_800_000,
  ]);
  for (const text of ['', '0', '-1s', '1w', '25d', 'x', '1000h'])
    expect(() => parseDuration(text)).toThrow('length of time');
});

test('addresses to listen at', () => {
  expect(parseListen('8418')).toEqual({ port: 8418 });
  expect(parseListen('0.0.0.0:80')).toEqual({ host: '0.0.0.0', port: 80 });
  expect(parseListen('localhost')).toEqual({ host: 'localhost' });
  expect(parseListen('[::1]:0')).toEqual({ host: '::1', port: 0 });
  for (const text of ['', ':80', 'a:b', '::1', '65536', 'a:65536', 'http://a']) {
    expect(() => parseListen(text)).toThrow('HOST:PORT');
  }
});
