import { describe, expect, test } from 'vitest';
import { compareRefs, expectConnected } from '../repositories/check-repository.ts';
import type { RefScope, SyncPolicy } from '../../src/index.ts';
import { actionsOf } from './actions.ts';
import { openStage, type Stage } from './stage.ts';

async function names(stage: Stage): Promise<readonly string[]> {
  return [...(await stage.target.refs()).keys()];
}

/** Branches main, topic-1 and topic-2, release/1 and release/2; tags v1 and v2; refs/pull/1/head, refs/notes/commits. */
async function openRichStage(): Promise<Stage> {
  const stage = await openStage({ source: { branches: 2, tags: 2 } });
  await stage.source.updateRef('refs/heads/release/1', 'refs/heads/main~1');
  await stage.source.updateRef('refs/heads/release/2', 'refs/heads/main');
  await stage.source.updateRef('refs/pull/1/head', 'refs/heads/topic-1');
  await stage.source.commit('refs/notes/commits', { from: null });
  return stage;
}

describe('R7 scope', () => {
  const cases: readonly {
    readonly what: string;
    readonly scope?: RefScope;
    readonly policy?: SyncPolicy;
    readonly expected: readonly string[];
  }[] = [
    {
      what: 'with nothing said, all branches and nothing else',
      expected: ['heads/main', 'heads/release/1', 'heads/release/2', 'heads/topic-1', 'heads/topic-2'],
    },
    { what: 'one branch', scope: { branches: ['main'] }, expected: ['heads/main'] },
    {
      what: 'branches by short and full name',
      scope: { branches: ['topic-1', 'refs/heads/release/1'] },
      expected: ['heads/release/1', 'heads/topic-1'],
    },
    {
      what: 'a branch and the tags',
      scope: { branches: ['main'] },
      policy: { includeTags: true },
      expected: ['heads/main', 'tags/v1', 'tags/v2'],
    },
    { what: 'a mapping alone', scope: { mappings: [{ source: 'main', target: 'trunk' }] }, expected: ['heads/trunk'] },
    {
      what: 'a mapping and a branch',
      scope: { branches: ['topic-1'], mappings: [{ source: 'main', target: 'refs/heads/trunk' }] },
      expected: ['heads/topic-1', 'heads/trunk'],
    },
    {
      what: 'a mapping with a star at the end',
      scope: { mappings: [{ source: 'release/*', target: 'refs/heads/old/*' }] },
      expected: ['heads/old/1', 'heads/old/2'],
    },
    {
      what: 'a mapping with a star in the middle',
      scope: { mappings: [{ source: 'refs/pull/*/head', target: 'refs/heads/pull-*' }] },
      expected: ['heads/pull-1'],
    },
    {
      what: 'two mappings of one ref',
      scope: {
        mappings: [
          { source: 'main', target: 'a' },
          { source: 'main', target: 'refs/tags/b' },
        ],
      },
      expected: ['heads/a', 'tags/b'],
    },
    {
      what: 'all refs',
      scope: { allRefs: true },
      expected: [
        'heads/main',
        'heads/release/1',
        'heads/release/2',
        'heads/topic-1',
        'heads/topic-2',
        'notes/commits',
        'pull/1/head',
        'tags/v1',
        'tags/v2',
      ],
    },
    {
      what: 'all refs, less a prefix and a name',
      scope: {
        allRefs: true,
        excludeRefPrefixes: ['refs/heads/release/', 'refs/tags/'],
        excludeRefs: ['refs/heads/main'],
      },
      expected: ['heads/topic-1', 'heads/topic-2', 'notes/commits', 'pull/1/head'],
    },
    {
      what: 'all refs, one of them under another name',
      scope: {
        allRefs: true,
        mappings: [{ source: 'refs/pull/*', target: 'refs/heads/pull/*' }],
        excludeRefPrefixes: ['refs/heads/', 'refs/tags/'],
      },
      expected: ['heads/pull/1/head', 'notes/commits'],
    },
    {
      what: 'exclusions do not touch mappings',
      scope: { mappings: [{ source: 'main', target: 'trunk' }], excludeRefs: ['refs/heads/main', 'refs/heads/trunk'] },
      expected: ['heads/trunk'],
    },
  ];

  test.each(cases)('R7 scope: $what', async ({ scope, policy, expected }) => {
    await using stage = await openRichStage();
    const result = await stage.client.sync({ ...stage.ends, scope, policy });
    expect(await names(stage)).toEqual(expected.map((name) => `refs/${name}`));
    expect(result.refs.map(({ targetRef }) => targetRef)).toEqual(expected.map((name) => `refs/${name}`));
    for (const { sourceRef, targetRef } of result.refs) {
      expect(await stage.target.tip(targetRef)).toBe(await stage.source.tip(sourceRef));
    }
    await expectConnected(stage.target);
  });

  test('R7 scope: prune deletes within scope only', async () => {
    await using stage = await openRichStage();
    await stage.client.sync({ ...stage.ends, scope: { allRefs: true } });
    for (const name of ['refs/heads/gone', 'refs/heads/release/gone', 'refs/tags/gone', 'refs/other/gone']) {
      await stage.target.commit(name, { from: null });
    }
    const deleted = async (scope: RefScope, policy: SyncPolicy = {}): Promise<readonly string[]> => {
      const plan = await stage.client.plan({ ...stage.ends, scope, policy: { prune: true, ...policy } });
      return actionsOf(plan).filter((text) => text.startsWith('delete '));
    };
    expect(await deleted({})).toEqual(['delete refs/heads/gone', 'delete refs/heads/release/gone']);
    expect(await deleted({}, { includeTags: true })).toHaveLength(3);
    expect(await deleted({ branches: ['main'] })).toEqual([]);
    expect(await deleted({ allRefs: true })).toHaveLength(4);
    expect(await deleted({ allRefs: true, excludeRefPrefixes: ['refs/heads/'] })).toEqual([
      'delete refs/other/gone',
      'delete refs/tags/gone',
    ]);
    expect(await deleted({ allRefs: true, excludeRefs: ['refs/other/gone'] })).toHaveLength(3);
    expect(await deleted({ mappings: [{ source: 'release/*', target: 'release/*' }] })).toEqual([
      'delete refs/heads/release/gone',
    ]);

    const result = await stage.client.sync({ ...stage.ends, policy: { prune: true } });
    expect(result.counts).toMatchObject({ deleted: 2, skipped: 5 });
    const left = await names(stage);
    expect(left).not.toContain('refs/heads/gone');
    expect(left).toContain('refs/tags/gone');
    expect(left).toContain('refs/other/gone');
  });

  test('R7 scope: without prune nothing is deleted', async () => {
    await using stage = await openStage();
    await stage.target.commit('refs/heads/only-here', { from: null });
    const result = await stage.client.sync(stage.ends);
    expect(result.counts.deleted).toBe(0);
    expect(await names(stage)).toContain('refs/heads/only-here');
  });

  test('R7 scope: a named branch that is gone is an error, and deleted by a prune', async () => {
    await using stage = await openRichStage();
    await stage.client.sync(stage.ends);
    await stage.source.deleteRef('refs/heads/topic-2');
    const request = { ...stage.ends, scope: { branches: ['main', 'topic-2'] } };
    const failure = stage.client.sync(request);
    await expect(failure).rejects.toMatchObject({ code: 'GM_NOT_FOUND' });
    await expect(failure).rejects.toThrow('refs/heads/topic-2');
    await stage.client.sync({ ...request, policy: { prune: true } });
    expect(await names(stage)).not.toContain('refs/heads/topic-2');
    expect(await names(stage)).toContain('refs/heads/topic-1');
  });

  test.each([
    { before: 'refs/heads/a', after: 'refs/heads/a/b' },
    { before: 'refs/heads/a/b', after: 'refs/heads/a' },
  ])('R7 scope: $before makes way for $after', async ({ before, after }) => {
    await using stage = await openStage();
    await stage.source.updateRef(before, 'refs/heads/main');
    await stage.client.sync(stage.ends);
    await stage.source.deleteRef(before);
    await stage.source.commit(after, { from: await stage.source.resolve('refs/heads/main') });
    const result = await stage.client.sync({ ...stage.ends, policy: { prune: true } });
    expect(result.counts).toMatchObject({ applied: 1, deleted: 1 });
    await compareRefs(stage.source, stage.target);
    await expectConnected(stage.target);
  });

  test('R7 scope: names that go to the same ref are refused before anything is sent', async () => {
    await using stage = await openRichStage();
    const scope = {
      mappings: [
        { source: 'release/*', target: 'x/*' },
        { source: 'refs/pull/*/head', target: 'x/*' },
      ],
    };
    const failure = stage.client.sync({ ...stage.ends, scope });
    await expect(failure).rejects.toMatchObject({ code: 'GM_USAGE', details: { field: 'scope.mappings' } });
    expect(await names(stage)).toEqual([]);
  });

  test("R7 scope: this package's own refs are neither copied nor pruned", async () => {
    await using stage = await openStage();
    await stage.source.updateRef('refs/git-mirror/kept/1/heads/main', 'refs/heads/main');
    await stage.target.commit('refs/git-mirror/kept/2/heads/main', { from: null });
    await stage.client.sync({ ...stage.ends, scope: { allRefs: true }, policy: { prune: true } });
    expect(await names(stage)).toEqual(['refs/git-mirror/kept/2/heads/main', 'refs/heads/main']);
  });
});
