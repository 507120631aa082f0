import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { refName } from '../../test/wire/arbitraries.ts';
import type { ObjectId } from '../core/object-id.ts';
import type { RefScope } from './request.ts';
import { fullRefName, ResolvedScope } from './resolve-scope.ts';

const oid = '1'.repeat(40) as ObjectId;
const options = { sourceUrl: 'https://example.com/x.git', allowMissing: false };

function refsOf(...names: readonly string[]): readonly { readonly name: string; readonly oid: ObjectId }[] {
  return names.map((name) => ({ name, oid }));
}

/** `source→target` of each ref that takes part. */
function select(scope: RefScope, names: readonly string[], includeTags = false): readonly string[] {
  const desired = new ResolvedScope(scope, includeTags).select(refsOf(...names), options);
  return desired.map(({ sourceRef, targetRef }) => (sourceRef === targetRef ? sourceRef : `${sourceRef}→${targetRef}`));
}

const names = ['refs/heads/main', 'refs/heads/topic/a', 'refs/tags/v1', 'refs/pull/1/head'];

describe('ResolvedScope', () => {
  test('short names mean branches', () => {
    expect(fullRefName('main')).toBe('refs/heads/main');
    expect(fullRefName('refs/tags/v1')).toBe('refs/tags/v1');
    expect(fullRefName('release/*')).toBe('refs/heads/release/*');
  });

  test('by default all branches take part', () => {
    expect(select({}, names)).toEqual(['refs/heads/main', 'refs/heads/topic/a']);
    expect(select({}, names, true)).toEqual(['refs/heads/main', 'refs/heads/topic/a', 'refs/tags/v1']);
    expect(select({ allRefs: true }, names)).toEqual(names);
  });

  test('a pattern matches exactly one star, which stands for at least one character', () => {
    const mappings = [{ source: 'refs/heads/topic/*', target: 'refs/heads/*/topic' }];
    expect(select({ mappings }, names)).toEqual(['refs/heads/topic/a→refs/heads/a/topic']);
    expect(select({ mappings: [{ source: 'mai*n', target: 'x/*' }] }, ['refs/heads/main'])).toEqual([]);
    expect(select({ mappings: [{ source: 'a*a', target: 'x/*' }] }, ['refs/heads/aa', 'refs/heads/aba'])).toEqual([
      'refs/heads/aba→refs/heads/x/b',
    ]);
  });

  test('what the star stands for is taken as it is, also when it looks like a replacement pattern', () => {
    expect(select({ mappings: [{ source: '*', target: 'x/*' }] }, ['refs/heads/$&'])).toEqual([
      'refs/heads/$&→refs/heads/x/$&',
    ]);
  });

  test('a mapped ref goes only where it is mapped to', () => {
    const scope = { allRefs: true, mappings: [{ source: 'main', target: 'trunk' }] };
    expect(select(scope, names)).toEqual(['refs/heads/main→refs/heads/trunk', ...names.slice(1)]);
  });

  test('exclusions by prefix and name', () => {
    expect(select({ allRefs: true, excludeRefPrefixes: ['refs/heads/top'] }, names)).not.toContain(
      'refs/heads/topic/a',
    );
    expect(select({ allRefs: true, excludeRefs: ['refs/heads/top'] }, names)).toContain('refs/heads/topic/a');
    expect(select({ allRefs: true, excludeRefs: ['refs/heads/main'] }, names)).not.toContain('refs/heads/main');
  });

  test('two refs for one target are refused, the same ref twice is not', () => {
    const twice = { mappings: ['refs/heads/*', 'refs/pull/*'].map((source) => ({ source, target: 'refs/x/*' })) };
    expect(() => select(twice, ['refs/heads/1', 'refs/pull/1'])).toThrow(
      expect.objectContaining({
        code: 'GM_USAGE',
        details: expect.objectContaining({ targetRef: 'refs/x/1' }) as object,
      }),
    );
    expect(select(twice, ['refs/heads/1', 'refs/pull/2'])).toHaveLength(2);
    expect(select({ branches: ['main', 'refs/heads/main'] }, names)).toEqual(['refs/heads/main']);
  });

  test('missing refs are named, all of them', () => {
    const scope = { branches: ['main', 'gone'], mappings: [{ source: 'refs/tags/no', target: 'refs/tags/yes' }] };
    expect(() => select(scope, names)).toThrow(
      expect.objectContaining({ code: 'GM_NOT_FOUND', details: { refs: ['refs/heads/gone', 'refs/tags/no'] } }),
    );
    const resolved = new ResolvedScope(scope, false);
    expect(resolved.select(refsOf(...names), { ...options, allowMissing: true })).toHaveLength(1);
    // A pattern that matches nothing is no mistake.
    expect(select({ mappings: [{ source: 'none/*', target: 'x/*' }] }, names)).toEqual([]);
  });

  test('the source is asked for no more than can take part', () => {
    const prefixes = (scope: RefScope, tags = false): readonly string[] =>
      new ResolvedScope(scope, tags).sourcePrefixes;
    expect(prefixes({})).toEqual(['refs/heads/']);
    expect(prefixes({}, true)).toEqual(['refs/heads/', 'refs/tags/']);
    expect(prefixes({ allRefs: true }, true)).toEqual(['refs/']);
    expect(prefixes({ branches: ['main', 'main-2', 'topic'] })).toEqual(['refs/heads/main', 'refs/heads/topic']);
    expect(prefixes({ mappings: [{ source: 'refs/pull/*/head', target: 'refs/heads/*' }] })).toEqual(['refs/pull/']);
  });

  const scopes = fc.record(
    {
      branches: fc.array(refName, { maxLength: 3 }),
      mappings: fc.array(
        fc.constantFrom(
          { source: 'refs/heads/*', target: 'refs/heads/x/*' },
          { source: 'refs/tags/*', target: 'refs/tags/old-*' },
          { source: 'refs/pull/*', target: 'refs/heads/pull/*' },
        ),
        { maxLength: 2 },
      ),
      allRefs: fc.boolean(),
      excludeRefPrefixes: fc.array(fc.constantFrom('refs/heads/', 'refs/tags/a', 'refs/pull/'), { maxLength: 2 }),
    },
    { requiredKeys: [] },
  );

  test('property: whatever takes part was asked for, is managed at the target, and is no ref of our own', () => {
    fc.assert(
      fc.property(scopes, fc.boolean(), fc.array(refName, { maxLength: 8 }), (scope, includeTags, some) => {
        const resolved = new ResolvedScope(scope, includeTags);
        const all = [...new Set(some), 'refs/git-mirror/bootstrap/x'];
        for (const name of all) {
          const desired = resolved.select(refsOf(name), { ...options, allowMissing: true });
          for (const { sourceRef, targetRef } of desired) {
            expect(resolved.sourcePrefixes.some((prefix) => sourceRef.startsWith(prefix))).toBe(true);
            expect(resolved.manages(targetRef)).toBe(true);
            expect(sourceRef).not.toMatch(/^refs\/git-mirror\//);
          }
        }
        expect(resolved.manages('refs/git-mirror/kept/x')).toBe(false);
      }),
    );
  });
});
