import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { SyncPolicy } from '../../src/index.ts';
import { compareRefs, expectConnected } from '../repositories/check-repository.ts';
import { hideCapabilities } from './front.ts';
import { actionsOf, reasonsOf } from './actions.ts';
import { openStage, type Stage } from './stage.ts';

/** After a sync, main and topic-1 were rewritten at the source; on the target main moves in the middle of each push. */
async function openRacingStage(times: number): Promise<Stage> {
  let racing = false;
  const stage = await openStage({
    source: { commits: 4, branches: 1 },
    targetFront: {
      onPush: async () => {
        if (!racing || times === 0) return;
        times -= 1;
        await stage.target.commit('refs/heads/main', { message: 'somebody else was faster' });
      },
    },
  });
  await stage.client.sync(stage.ends);
  await stage.source.commit('refs/heads/main', { from: null });
  await stage.source.commit('refs/heads/topic-1', { from: null });
  racing = true;
  return stage;
}

describe('R8 policy', () => {
  test.each(['forceWithLease', 'force'] as const)(
    'R8 policy: %s overwrites unless the ref has moved meanwhile',
    async (name) => {
      await using stage = await openRacingStage(1);
      const policy: SyncPolicy = { [name]: true };
      const failure = stage.client.sync({ ...stage.ends, policy });
      await expect(failure).rejects.toMatchObject({
        name: 'TargetRefMovedError',
        code: 'GM_REF_MOVED',
        ref: 'refs/heads/main',
        retryable: true,
        details: { applied: ['refs/heads/topic-1'] },
      });
      expect(await stage.target.git('log', '-1', '--format=%s', 'refs/heads/main')).toBe('somebody else was faster');
      await expectConnected(stage.target);
      // Benign: the next run does it.
      await stage.client.sync({ ...stage.ends, policy });
      await compareRefs(stage.source, stage.target);
    },
  );

  test('R8 policy: a fast-forward is protected from the race too', async () => {
    await using stage = await openRacingStage(1);
    await stage.source.updateRef('refs/heads/main', await stage.target.resolve('refs/heads/main'));
    await stage.source.updateRef('refs/heads/topic-1', await stage.target.resolve('refs/heads/topic-1'));
    await stage.source.commit('refs/heads/main');
    await expect(stage.client.sync(stage.ends)).rejects.toMatchObject({ name: 'TargetRefMovedError' });
    expect(await stage.target.git('log', '-1', '--format=%s', 'refs/heads/main')).toBe('somebody else was faster');
  });

  test.each([1, 3])('R8 policy: forceBlind wins the race, also when the ref moves %i times', async (times) => {
    await using stage = await openRacingStage(times);
    const result = await stage.client.sync({ ...stage.ends, policy: { forceBlind: true } });
    expect(result.counts).toMatchObject({ applied: 2, warned: 0 });
    await compareRefs(stage.source, stage.target);
    await expectConnected(stage.target);
  });

  test('R8 policy: a ref that keeps moving ends even forceBlind', async () => {
    await using stage = await openRacingStage(100);
    await expect(stage.client.sync({ ...stage.ends, policy: { forceBlind: true } })).rejects.toMatchObject({
      name: 'TargetRefMovedError',
    });
  });

  test('R8 policy: an update hook that refuses one ref fails the run with its reason', async () => {
    await using stage = await openStage({ source: { branches: 2 } });
    await stage.target.hook('update', 'test "$1" != refs/heads/topic-1');
    const failure = stage.client.sync(stage.ends);
    await expect(failure).rejects.toMatchObject({
      name: 'RefRejectedError',
      code: 'GM_REF_REJECTED',
      ref: 'refs/heads/topic-1',
      reason: 'hook declined',
      retryable: false,
      details: { applied: ['refs/heads/main', 'refs/heads/topic-2'] },
    });
    expect([...(await stage.target.refs()).keys()]).toEqual(['refs/heads/main', 'refs/heads/topic-2']);
  });

  test('R8 policy: bestEffort makes one refused ref a warning', async () => {
    await using stage = await openStage({ source: { branches: 2 } });
    await stage.target.hook('update', 'test "$1" != refs/heads/topic-1');
    const result = await stage.client.sync({ ...stage.ends, policy: { bestEffort: true } });
    expect(actionsOf(result)).toEqual([
      'create refs/heads/main',
      'warn refs/heads/topic-1',
      'create refs/heads/topic-2',
    ]);
    expect(reasonsOf(result)['refs/heads/topic-1']).toBe('hook declined');
    expect(result.counts).toEqual({ applied: 2, skipped: 0, blocked: 0, deleted: 0, warned: 1 });
  });

  test.each(['receive.hideRefs', 'transfer.hideRefs'])('R8 policy: bestEffort with %s', async (setting) => {
    await using stage = await openStage({ source: { branches: 1 } });
    await stage.source.updateRef('refs/pull/1/head', 'refs/heads/main');
    await stage.target.configure(setting, 'refs/pull');
    const request = { ...stage.ends, scope: { allRefs: true } };
    await expect(stage.client.sync(request)).rejects.toMatchObject({
      name: 'RefRejectedError',
      ref: 'refs/pull/1/head',
      reason: 'deny updating a hidden ref',
    });
    const result = await stage.client.sync({ ...request, policy: { bestEffort: true } });
    expect(result.counts).toMatchObject({ skipped: 2, warned: 1 });
    expect(result.refs.find(({ action }) => action === 'warn')).toMatchObject({ targetRef: 'refs/pull/1/head' });
  });

  test('R8 policy: a pre-receive hook refuses everything, with its words in the progress', async () => {
    await using stage = await openStage({ source: { branches: 1 } });
    await stage.target.hook('pre-receive', 'echo "closed on Sundays" >&2; exit 1');
    const lines: string[] = [];
    const failure = stage.client.sync(stage.ends, {
      onProgress: (event) => {
        if (event.type === 'remote') lines.push(event.line);
      },
    });
    await expect(failure).rejects.toMatchObject({ reason: 'pre-receive hook declined' });
    expect(lines).toContain('closed on Sundays');
    expect(await stage.target.refs()).toEqual(new Map());

    const result = await stage.client.sync({ ...stage.ends, policy: { bestEffort: true } });
    expect(result.counts).toMatchObject({ applied: 0, warned: 2 });
  });

  test('R8 policy: atomic is all or nothing', async () => {
    await using stage = await openStage({ source: { branches: 2 } });
    await stage.target.hook('update', 'test "$1" != refs/heads/topic-1');
    const failure = stage.client.sync({ ...stage.ends, policy: { atomic: true } });
    await expect(failure).rejects.toMatchObject({ code: 'GM_REF_REJECTED', details: { applied: [] } });
    expect(await stage.target.refs()).toEqual(new Map());
    await stage.target.hook('update', 'exit 0');
    await stage.client.sync({ ...stage.ends, policy: { atomic: true } });
    await compareRefs(stage.source, stage.target);
  });

  test('R8 policy: atomic is refused where the target cannot, before anything is sent', async () => {
    await using stage = await openStage({ targetFront: { advertisement: hideCapabilities('atomic') } });
    const failure = stage.client.sync({ ...stage.ends, policy: { atomic: true } });
    await expect(failure).rejects.toMatchObject({ code: 'GM_PROTOCOL', details: { capability: 'atomic' } });
    expect(stage.pushCount).toBe(0);
  });

  test("R8 policy: push options reach the target's hook", async () => {
    await using stage = await openStage();
    await stage.target.configure('receive.advertisePushOptions', 'true');
    await stage.target.hook(
      'pre-receive',
      'echo "$GIT_PUSH_OPTION_COUNT,$GIT_PUSH_OPTION_0,$GIT_PUSH_OPTION_1" >options',
    );
    await stage.client.sync({ ...stage.ends, policy: { pushOptions: ['ci.skip', 'reviewer=Jürgen'] } });
    expect(await readFile(join(stage.target.path, 'options'), 'utf8')).toBe('2,ci.skip,reviewer=Jürgen\n');
  });

  test('R8 policy: push options are refused where the target takes none, before anything is sent', async () => {
    await using stage = await openStage();
    const failure = stage.client.sync({ ...stage.ends, policy: { pushOptions: ['ci.skip'] } });
    await expect(failure).rejects.toMatchObject({ code: 'GM_PROTOCOL', details: { capability: 'push-options' } });
    expect(stage.pushCount).toBe(0);
  });

  test('R8 policy: a prune where the target deletes nothing is refused by name', async () => {
    await using stage = await openStage({ source: { branches: 1 } });
    await stage.client.sync(stage.ends);
    await stage.target.configure('receive.denyDeletes', 'true');
    await stage.source.deleteRef('refs/heads/topic-1');
    const failure = stage.client.sync({ ...stage.ends, policy: { prune: true } });
    await expect(failure).rejects.toMatchObject({ code: 'GM_REF_REJECTED', ref: 'refs/heads/topic-1' });
    await expectConnected(stage.target);
  });

  const contradictions: readonly { readonly field: string; readonly request: object; readonly call?: 'replicate' }[] = [
    { field: 'policy.forceBlind', request: { policy: { forceWithLease: true, forceBlind: true } } },
    { field: 'policy.forceBlind', request: { policy: { force: true, forceBlind: true } } },
    { field: 'policy.mode', request: { policy: { mode: 'replicate' } } },
    { field: 'policy.mode', request: { policy: { mode: 'sync' } }, call: 'replicate' },
    { field: 'policy.forceWithLease', request: { policy: { force: true } }, call: 'replicate' },
    { field: 'policy.bestEffort', request: { policy: { bestEffort: true } }, call: 'replicate' },
    { field: 'policy.atomic', request: { policy: { atomic: true, bestEffort: true } } },
    { field: 'policy.atomic', request: { policy: { atomic: true }, advanced: { targetMaxRefUpdates: 1 } } },
    { field: 'policy.onRewrite', request: { policy: { force: true, onRewrite: 'block' } } },
    { field: 'policy.maxPrunePercent', request: { policy: { maxPrunePercent: 5 } } },
    { field: 'scope.allRefs', request: { scope: { allRefs: true, branches: ['main'] } } },
    { field: 'targets', request: { targets: [{ url: '/other.git' }] } },
  ];

  test.each(contradictions)(
    'R8 policy: a contradiction in $field is refused before any network: $request',
    async ({ field, request, call }) => {
      await using stage = await openStage({ source: { commits: 0 } });
      const failure = stage.client[call ?? 'sync']({ ...stage.ends, ...request });
      await expect(failure).rejects.toMatchObject({ code: 'GM_USAGE', details: { field } });
      expect(stage.backend.requests).toEqual([]);
    },
  );
});
