import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ObjectId } from '../../core/object-id.ts';
import { compareRawText, startsWithRawText } from '../../core/raw-text.ts';
import type { GitConfig } from '../git-config.ts';
import type { Head, Ref, RefStore } from '../ref-store.ts';
import { RemoteRefs } from './remote-refs.ts';
import { ReversedRefspecs } from './reversed-refspecs.ts';

const oid = '1'.repeat(40) as ObjectId;
const tracking = '+refs/heads/*:refs/remotes/origin/*';

/** Refs that are held in memory, sorted as every store has them. */
function storeOf(refs: readonly Ref[], head?: Head): RefStore {
  const sorted = refs.toSorted((left, right) => compareRawText(left.name, right.name));
  const find = (name: string): Ref | undefined => sorted.find((ref) => ref.name === name);
  return {
    head: (name = 'HEAD') => {
      if (name === 'HEAD') return head;
      const ref = find(name);
      return ref && { target: ref.symrefTarget, oid: ref.oid };
    },
    find,
    list: (prefix = '') => sorted.filter(({ name }) => startsWithRawText(name, prefix)),
    version: () => '1',
  };
}

function read(fetch: readonly string[], isBare = false, remote = 'origin'): ReturnType<typeof ReversedRefspecs.read> {
  const config = { getAll: (key: string) => (key === `remote.${remote}.fetch` ? fetch : []) };
  return ReversedRefspecs.read({ config: config as unknown as GitConfig, isBare }, remote);
}

function viewOf(fetch: readonly string[], names: readonly string[], head?: Head): RemoteRefs {
  const refspecs = read(fetch);
  if (refspecs === undefined || refspecs === 'whole') throw new Error('these refspecs are no view');
  return new RemoteRefs(
    storeOf(
      names.map((name) => ({ name, oid })),
      head,
    ),
    refspecs,
  );
}

function namesOf(view: RefStore, prefix?: string): readonly string[] {
  return Array.from(view.list(prefix), ({ name }) => name);
}

describe('M6: refspecs read backwards', () => {
  it('take a remote only when all its branches are kept', () => {
    expect(read([tracking])).toBeInstanceOf(ReversedRefspecs);
    expect(read(['refs/heads/*:refs/heads/*'])).toBeInstanceOf(ReversedRefspecs);
    expect(read(['+refs/*:refs/*'])).toBe('whole');
    expect(read(['+refs/heads/main:refs/remotes/origin/main'])).toBeUndefined();
    expect(read(['+refs/heads/*:refs/remotes/other/*'])).toBeUndefined();
    expect(read(['refs/heads/*'])).toBeUndefined();
    expect(read(['^refs/heads/*:refs/remotes/origin/*'])).toBeUndefined();
  });

  it('take a bare clone, which has none, as it is', () => {
    expect(read([], true)).toBe('whole');
    expect(read([], false)).toBeUndefined();
  });
});

describe('M6: the refs of a remote', () => {
  const kept = [
    'refs/heads/mine',
    'refs/notes/commits',
    'refs/remotes/origin/HEAD',
    'refs/remotes/origin/a',
    'refs/remotes/origin/b/c',
    'refs/remotes/other/a',
    'refs/stash',
    'refs/tags/v1',
  ];

  it('are its branches and the tags, sorted, and nothing else', () => {
    const view = viewOf([tracking], kept);
    expect(namesOf(view)).toEqual(['refs/heads/a', 'refs/heads/b/c', 'refs/tags/v1']);
    expect(namesOf(view, 'refs/heads/b')).toEqual(['refs/heads/b/c']);
    expect(namesOf(view, 'refs/t')).toEqual(['refs/tags/v1']);
    expect(namesOf(view, 'refs/remotes/')).toEqual([]);
    expect(view.find('refs/heads/a')).toMatchObject({ name: 'refs/heads/a', oid });
    for (const name of ['refs/heads/mine', 'refs/heads/HEAD', 'refs/remotes/origin/a', 'refs/stash']) {
      expect(view.find(name)).toBeUndefined();
    }
  });

  it('have the HEAD that the remote had', () => {
    const refspecs = read([tracking]);
    if (refspecs === undefined || refspecs === 'whole') throw new Error('no view');
    const own = { target: 'refs/heads/mine', oid };
    const branch = { name: 'refs/remotes/origin/a', oid };
    const head = { name: 'refs/remotes/origin/HEAD', oid, symrefTarget: 'refs/remotes/origin/a' };
    const view = new RemoteRefs(storeOf([branch, head], own), refspecs);
    expect(view.head()).toEqual({ target: 'refs/heads/a', oid });
    expect(view.find('HEAD')).toMatchObject({ name: 'HEAD', symrefTarget: 'refs/heads/a' });
    // One that leads elsewhere says nothing of where.
    const outside = { ...head, symrefTarget: 'refs/heads/mine' };
    expect(new RemoteRefs(storeOf([branch, outside], own), refspecs).head()).toEqual({ target: undefined, oid });
    expect(new RemoteRefs(storeOf([branch], own), refspecs).head()).toBeUndefined();
  });

  it('leave out what a negative refspec leaves out: a fetch does not keep it fresh', () => {
    const view = viewOf([tracking, '^refs/heads/b/*', '^refs/heads/x'], [...kept, 'refs/remotes/origin/x']);
    expect(namesOf(view)).toEqual(['refs/heads/a', 'refs/tags/v1']);
  });

  it('are found where other refspecs put them', () => {
    const refspecs = [
      tracking,
      '+refs/tags/*:refs/remote-tags/origin/*',
      '+refs/pull/*/head:refs/remotes/pull/*',
      '+refs/notes/commits:refs/notes/origin',
    ];
    const names = ['refs/notes/origin', 'refs/remote-tags/origin/v2', 'refs/remotes/origin/a', 'refs/tags/v1'];
    expect(namesOf(viewOf(refspecs, names))).toEqual(['refs/heads/a', 'refs/notes/commits', 'refs/tags/v2']);
  });

  it('are listed in order, each once, for any refspecs and any prefix', () => {
    const part = fc.constantFrom('a', 'b', 'HEAD', 'a-', 'ä', '\udcff', '\u{1f40b}');
    const name = fc
      .tuple(
        fc.constantFrom('refs/heads/', 'refs/remotes/origin/', 'refs/tags/', 'refs/x/', 'refs/remote-tags/'),
        fc.array(part, { minLength: 1, maxLength: 3 }),
      )
      .map(([space, parts]) => space + parts.join('/'));
    const more: fc.Arbitrary<string> = fc.constantFrom(
      'refs/*:refs/x/*',
      'refs/heads/a*:refs/x/a*',
      'refs/heads/a:refs/remotes/origin/b',
      'refs/tags/*:refs/remote-tags/*',
      'refs/x/a:refs/heads/a',
      '^refs/heads/b*',
    );
    const prefix = fc.constantFrom(
      '',
      'refs/',
      'refs/heads/',
      'refs/heads/a',
      'refs/tags/\udcff',
      'refs/x',
      'HEAD',
      'refs/tags/a/',
    );
    fc.assert(
      fc.property(fc.uniqueArray(name), fc.array(more), fc.nat(6), prefix, (names, others, at, start) => {
        const view = viewOf(others.toSpliced(at, 0, tracking), names);
        const all = namesOf(view);
        expect(all).toEqual([...new Set(all)].sort(compareRawText));
        expect(namesOf(view, start)).toEqual(all.filter((shown) => startsWithRawText(shown, start)));
        for (const shown of all) expect(view.find(shown)?.name).toBe(shown);
      }),
    );
  });
});
