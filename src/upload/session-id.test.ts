import { expect, it } from 'vitest';
import { protocolVersionOf } from './protocol-version.ts';
import { disjointPrefixes } from './served-refs.ts';
import { newSessionId } from './session-id.ts';

it('speaks the greatest protocol version that is asked for and known', () => {
  expect(protocolVersionOf('')).toBe(0);
  expect(protocolVersionOf('version=1')).toBe(1);
  expect(protocolVersionOf('version=1:version=2')).toBe(2);
  expect(protocolVersionOf('version=3')).toBe(0);
  expect(protocolVersionOf('key:version=2:other=1')).toBe(2);
  expect(protocolVersionOf('version=22')).toBe(0);
});

it('makes prefixes that do not overlap out of any', () => {
  expect(disjointPrefixes(['refs/tags/', 'refs/heads/', 'HEAD', 'refs/heads/a', 'refs/tags/'])).toEqual([
    'HEAD',
    'refs/heads/',
    'refs/tags/',
  ]);
  expect(disjointPrefixes(['refs/', ''])).toEqual(['']);
});

it('makes session ids of the form of those of git', () => {
  const form = /^\d{8}T\d{6}\.\d{6}Z-H[0-9a-f]{8}-P[0-9a-f]{8}$/;
  expect(newSessionId()).toMatch(form);
  expect(newSessionId()).not.toBe(newSessionId());
});
