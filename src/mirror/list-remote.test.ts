import { describe, expect, it } from 'vitest';
import { isGitMirrorError } from '../core/error.ts';
import { parseListing } from './list-remote.ts';

const one = '1'.repeat(40);
const two = '2'.repeat(40);

describe('parseListing', () => {
  it('tells refs, what tags lead to, and HEAD apart', () => {
    const text = [
      'ref: refs/heads/main\tHEAD',
      `${one}\tHEAD`,
      `${one}\trefs/heads/main`,
      `${two}\trefs/tags/v1`,
      `${one}\trefs/tags/v1^{}`,
      '',
    ].join('\n');
    expect(parseListing(text)).toEqual({
      headOid: one,
      headTarget: 'refs/heads/main',
      refs: [
        { name: 'refs/heads/main', oid: one },
        { name: 'refs/tags/v1', oid: two, peeledOid: one },
      ],
    });
  });

  it('has nothing to tell of an empty repository', () => {
    expect(parseListing('')).toEqual({ refs: [], headOid: undefined, headTarget: undefined });
  });

  it.each(['<html>', `${one} refs/heads/main`, `${one.slice(1)}\trefs/heads/main`])('refuses %j', (line) => {
    expect(() => parseListing(`${line}\n`)).toThrow(
      expect.toSatisfy((error) => isGitMirrorError(error, 'GM_PROTOCOL')),
    );
  });

  it('refuses object ids of two formats', () => {
    expect(() => parseListing(`${one}\trefs/heads/a\n${'3'.repeat(64)}\trefs/heads/b\n`)).toThrow(/no ref/);
  });
});
