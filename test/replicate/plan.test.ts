import { describe, expect, test } from 'vitest';
import { compareRefs } from '../repositories/check-repository.ts';
import { actionsOf, reasonsOf } from './actions.ts';
import { openStage, type Stage } from './stage.ts';

/** After a sync: a fast-forward, a new branch, a diverged one, a moved tag, a branch that is gone, one that stays. */
async function divergedStage(): Promise<Stage> {
  const stage = await openStage({ source: { branches: 3, tags: 2 } });
  await stage.client.sync({ ...stage.ends, policy: { includeTags: true } });
  await stage.source.commit('refs/heads/main');
  await stage.source.commit('refs/heads/new', { from: await stage.source.resolve('refs/heads/main') });
  await stage.source.commit('refs/heads/topic-1', { from: null });
  await stage.source.updateRef('refs/tags/v2', 'refs/heads/main');
  await stage.source.deleteRef('refs/heads/topic-3');
  return stage;
}

describe('R2 plan', () => {
  test('R2 plan: every ref has its action and reason, and nothing is pushed', async () => {
    await using stage = await divergedStage();
    const before = await stage.target.refs();
    const pushes = stage.pushCount;
    const plan = await stage.client.plan({ ...stage.ends, policy: { includeTags: true, prune: true } });
    expect(actionsOf(plan)).toEqual([
      'update refs/heads/main',
      'create refs/heads/new',
      'block refs/heads/topic-1',
      'skip refs/heads/topic-2',
      'delete refs/heads/topic-3',
      'skip refs/tags/v1',
      'block refs/tags/v2',
    ]);
    expect(reasonsOf(plan)).toEqual({
      'refs/heads/main': 'fast-forward',
      'refs/heads/new': 'not on the target yet',
      'refs/heads/topic-1': 'not a fast-forward; force it to overwrite the target',
      'refs/heads/topic-2': 'up to date',
      'refs/heads/topic-3': 'not on the source any more',
      'refs/tags/v1': 'up to date',
      'refs/tags/v2': 'the tag has moved; force it to overwrite the target',
    });
    expect(plan.counts).toEqual({ applied: 2, skipped: 2, blocked: 2, deleted: 1, warned: 0 });
    expect(plan.execution).toMatchObject({ dryRun: true, operationMode: 'sync', bootstrapSuggested: false });
    expect(stage.pushCount).toBe(pushes);
    expect(await stage.target.refs()).toEqual(before);
  });

  test('R2 plan: mode replicate previews what a replicate does', async () => {
    await using stage = await divergedStage();
    const policy = { includeTags: true, prune: true } as const;
    const plan = await stage.client.plan({ ...stage.ends, policy: { ...policy, mode: 'replicate' } });
    expect(plan.execution).toMatchObject({ dryRun: true, operationMode: 'replicate' });
    expect(plan.counts).toEqual({ applied: 4, skipped: 2, blocked: 0, deleted: 1, warned: 0 });
    const done = await stage.client.replicate({ ...stage.ends, policy });
    expect(actionsOf(done)).toEqual(actionsOf(plan));
    expect(reasonsOf(done)).toEqual(reasonsOf(plan));
    await compareRefs(stage.source, stage.target);
  });

  test('R2 plan: an empty target suggests a bootstrap', async () => {
    await using stage = await openStage({ source: { branches: 1 } });
    const plan = await stage.client.plan(stage.ends);
    expect(actionsOf(plan)).toEqual(['create refs/heads/main', 'create refs/heads/topic-1']);
    expect(plan.execution).toMatchObject({ bootstrapSuggested: true, sourceHead: 'refs/heads/main' });
    expect(await stage.target.refs()).toEqual(new Map());
  });

  test.each(['v1', 'v2'] as const)('R2 plan: ancestry by many moved branches at once, in %s', async (protocol) => {
    await using stage = await openStage({ source: { commits: 12, mergeEvery: 4, branches: 10 } });
    await stage.client.sync(stage.ends);
    const expected = new Map<string, string>();
    for (let number = 1; number <= 10; number += 1) {
      const ref = `refs/heads/topic-${String(number)}`;
      const old = await stage.source.resolve(ref);
      const way = number % 3;
      const other = await stage.source.resolve('refs/heads/main');
      // Straight ahead; ahead through the second parent of a merge; somewhere else altogether.
      if (way === 0) await stage.source.commit(ref);
      else if (way === 1) await stage.source.commit(ref, { from: other, merge: [old] });
      else await stage.source.commit(ref, { from: `${old}^` });
      expected.set(ref, way === 2 ? 'block' : 'update');
    }
    const plan = await stage.client.plan({ ...stage.ends, policy: { protocol } });
    const moved = plan.refs.filter(({ targetRef }) => targetRef !== 'refs/heads/main');
    expect(new Map(moved.map(({ targetRef, action }) => [targetRef, action as string]))).toEqual(expected);
  });

  test('R2 plan: a branch that the source moved back is no fast-forward', async () => {
    await using stage = await openStage({ source: { commits: 4 } });
    await stage.client.sync(stage.ends);
    await stage.source.updateRef('refs/heads/main', 'refs/heads/main~2');
    expect(actionsOf(await stage.client.plan(stage.ends))).toEqual(['block refs/heads/main']);
  });

  test('R2 plan: a commit that only the target has makes the branch diverge', async () => {
    await using stage = await openStage();
    await stage.client.sync(stage.ends);
    await stage.target.commit('refs/heads/main', { message: 'only here' });
    expect(actionsOf(await stage.client.plan(stage.ends))).toEqual(['block refs/heads/main']);
    await stage.source.commit('refs/heads/main');
    expect(actionsOf(await stage.client.plan(stage.ends))).toEqual(['block refs/heads/main']);
  });
});
