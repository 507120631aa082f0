import { describe, expect, it } from 'vitest';
import { GitSettings } from '../settings/git-settings.ts';
import { remoteMirrorsOf } from '../settings/remote-mirrors.ts';
import { chooseMirrors, type MirrorFlags } from './choose-mirrors.ts';

const now = String(Math.floor(Date.now() / 1000));

function choose(
  settings: Readonly<Record<string, string | readonly string[]>>,
  flags: MirrorFlags = {},
  random?: () => number,
) {
  const values = new Map<string, readonly string[]>([['remote.origin.url', ['https://origin/x.git']]]);
  for (const [key, value] of Object.entries(settings)) {
    const full = key.startsWith('mirror.') ? key : `remote.origin.${key}`;
    values.set(full.toLowerCase(), typeof value === 'string' ? [value] : value);
  }
  return chooseMirrors(remoteMirrorsOf(new GitSettings(values), 'origin'), flags, random);
}

function urls(...args: Parameters<typeof choose>): readonly string[] {
  return choose(...args).map(({ url }) => url.replace(/^https:\/\/(\w+)\/x$/, '$1'));
}

const user = { mirrorUrl: ['https://u1/x', 'https://u2/x'] };
const both = { ...user, learnedMirrorUrl: ['https://l1/x', 'https://l2/x'], mirrorsLearned: now };

describe('chooseMirrors', () => {
  it("M4: asks the user's own first, then those a server named", () => {
    expect(urls(both)).toEqual(['u1', 'u2', 'l1', 'l2']);
    expect(choose(both).map(({ isUsers, space, scheme }) => [isUsers, space, scheme])).toEqual([
      [true, 'u1', 'https'],
      [true, 'u2', 'https'],
      [false, 'l1', 'https'],
      [false, 'l2', 'https'],
    ]);
  });

  it('M4: asks none when mirrors are turned off', () => {
    expect(urls({ ...both, useMirror: 'false' })).toEqual([]);
    expect(urls({ ...both, preferMirror: 'never' })).toEqual([]);
    expect(urls(both, { mirror: false })).toEqual([]);
  });

  it('M4: a flag turns them on again, and names them', () => {
    expect(urls({ ...both, useMirror: 'false' }, { mirror: ['https://f/x'] })).toEqual(['f']);
    expect(urls(both, { mirror: ['https://f/x'], preferMirror: 'https://g/x' })).toEqual(['g', 'f']);
    expect(urls({ ...both, useMirror: 'false' }, { preferMirror: 'https://f/x' })).toEqual(['f']);
  });

  it('M4: the preferred one comes first, whoever named it', () => {
    expect(urls({ ...both, preferredMirror: 'https://l2/x' })).toEqual(['l2', 'u1', 'u2', 'l1']);
    expect(urls({ ...both, preferredMirror: 'https://p/x' })).toEqual(['p', 'u1', 'u2', 'l1', 'l2']);
    expect(urls({ ...both, preferredMirror: 'https://l2/x' }, { preferMirror: 'https://u2/x' })).toEqual([
      'u2',
      'l2',
      'u1',
      'l1',
    ]);
  });

  it('M4: what the user prefers wins over what the server said', () => {
    expect(urls({ ...both, learnedPreferMirror: 'never' })).toEqual(['u1', 'u2']);
    expect(urls({ ...both, learnedPreferMirror: 'never', preferMirror: 'always' })).toEqual(['u1', 'u2', 'l1', 'l2']);
    expect(urls({ ...both, learnedPreferMirror: 'always', preferMirror: 'never' })).toEqual([]);
  });

  it('M5: advice for this time holds as long as the list; for always, longer', () => {
    expect(urls({ ...both, mirrorsLearned: '1700000000' })).toEqual(['u1', 'u2']);
    expect(urls({ ...both, mirrorsLearned: '1700000000', learnedPreferMirror: 'always' })).toHaveLength(4);
    expect(urls({ ...both, mirrorsLearned: '1700000000', preferMirror: 'now' })).toHaveLength(4);
  });

  it('M4: goes by the order of protocols, and leaves out what is banned', () => {
    const mixed = { mirrorUrl: ['git://a/x', 'http://b/x', 'https://c/x', 'ssh://d/x'] };
    expect(urls({ ...mixed, 'mirror.protocols': 'ssh https !git' })).toEqual(['ssh://d/x', 'c', 'http://b/x']);
    expect(urls({ ...mixed, 'mirror.protocols': '!git' }, { mirrorProtocols: 'git !ssh' })).toEqual([
      'git://a/x',
      'http://b/x',
      'c',
    ]);
    expect(() => urls(mixed, { mirrorProtocols: 'gopher' })).toThrow(/--mirror-protocols/);
  });

  it('M9: goes by what was measured unless told otherwise', () => {
    const ranked = { ...both, mirrorRank: [`https://l2/x.git at=${now}`, `https://u2/x at=${now}`] };
    expect(urls(ranked)).toEqual(['l2', 'u2', 'u1', 'l1']);
    expect(urls({ ...ranked, 'mirror.policy': 'fixed' })).toEqual(['u1', 'u2', 'l1', 'l2']);
    expect(urls({ ...both, mirrorRank: 'https://l2/x at=1500000000' })).toEqual(['u1', 'u2', 'l1', 'l2']);
  });

  it('M4: chance decides among equals', () => {
    const numbers = [0.9, 0.1, 0.8, 0.2];
    const random = (): number => numbers.shift() ?? 0;
    expect(urls({ ...both, 'mirror.policy': 'random' }, {}, random)).toEqual(['u2', 'u1', 'l2', 'l1']);
  });

  it('never asks the origin as a mirror, nor one place twice', () => {
    expect(
      urls({
        mirrorUrl: ['https://ORIGIN:443/x/', 'https://u/x', 'https://u/x.git'],
        learnedMirrorUrl: ['https://canonical/x', 'https://u/x/', 'https://origin/x.git', 'https://l/x'],
        canonicalUrl: 'https://canonical/x.git',
        mirrorsLearned: now,
      }),
    ).toEqual(['u', 'l']);
  });

  it('asks 32 at most', () => {
    const many = Array.from({ length: 1000 }, (_, index) => `https://m${String(index)}/x`);
    const chosen = urls({ learnedMirrorUrl: many, mirrorsLearned: now });
    expect(chosen).toHaveLength(32);
    expect(chosen[31]).toBe('m31');
  });

  it('refuses what a command line may not name', () => {
    expect(() => urls({}, { mirror: ['ext::date'] })).toThrow(/refused/);
  });
});
