import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { PackCheck } from './pack-check.ts';

function packet(...parts: readonly (string | Buffer)[]): Buffer {
  const content = Buffer.concat(parts.map((part) => Buffer.from(part)));
  return Buffer.concat([Buffer.from((content.length + 4).toString(16).padStart(4, '0')), content]);
}

const body = Buffer.from('PACK and what is in it');
const pack = Buffer.concat([body, createHash('sha1').update(body).digest()]);
const answer = Buffer.concat([
  packet('packfile\n'),
  packet('\u0002', 'progress'),
  ...[0, 7, 30].map((at, index, all) => packet('\u0001', pack.subarray(at, all[index + 1]))),
  Buffer.from('0000'),
]);

test.each([1, 3, 10, 1000])('finds the pack in pieces of %d bytes', (size) => {
  const check = new PackCheck('sha1');
  for (let at = 0; at < answer.length; at += size) check.push(answer.subarray(at, at + size));
  check.finish();
  expect(check.packBytes).toBe(pack.length);
});

test('a pack that is not whole is an error', () => {
  const check = new PackCheck('sha1');
  check.push(packet('\u0001', pack.subarray(0, -1)));
  expect(() => {
    check.finish();
  }).toThrow('checksum');
});

test('what the server says on the third band is an error', () => {
  const check = new PackCheck('sha1');
  expect(() => {
    check.push(packet('\u0003', 'aborting'));
  }).toThrow('aborting');
});
