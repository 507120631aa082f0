import { describe, expect, test } from 'vitest';
import { openStage } from './stage.ts';

const elapsed = { enabled: false, elapsedMillis: expect.any(Number) as number, peakHeapBytes: 0, peakRssBytes: 0 };
const noStats = { enabled: false, items: {}, sides: [], elapsedMs: expect.any(Number) as number };

describe('R12 results', () => {
  test('R12 results: a sync, field by field', async () => {
    await using stage = await openStage();
    const main = await stage.source.resolve('refs/heads/main');
    const result = await stage.client.sync(stage.ends);
    // Exactly these fields: an addition is made here too, so that it is made knowingly.
    expect(JSON.parse(JSON.stringify(result))).toEqual({
      sourceUrl: stage.sourceUrl,
      targetUrl: stage.targetUrl,
      refs: [
        {
          branch: 'main',
          sourceRef: 'refs/heads/main',
          targetRef: 'refs/heads/main',
          sourceHash: main,
          targetHash: '',
          kind: 'branch',
          action: 'create',
          reason: 'not on the target yet',
        },
      ],
      counts: { applied: 1, skipped: 0, blocked: 0, deleted: 0, warned: 0 },
      execution: {
        dryRun: false,
        protocol: 'v2',
        operationMode: 'sync',
        relay: true,
        transferMode: 'bootstrap',
        reason: 'the target is empty; the pack is relayed as the source sends it',
        bootstrapSuggested: true,
        sourceHead: 'refs/heads/main',
        batch: { enabled: false, planned: 0, done: 0 },
      },
      stats: noStats,
      measurement: elapsed,
    });
  });

  test('R12 results: every action and kind, counted', async () => {
    await using stage = await openStage({ source: { branches: 2, tags: 1 } });
    const all = { allRefs: true } as const;
    await stage.client.sync({ ...stage.ends, scope: all });
    const old = await stage.source.resolve('refs/heads/main');
    const moved = await stage.source.commit('refs/heads/main');
    const gone = await stage.source.resolve('refs/heads/topic-1');
    await stage.source.deleteRef('refs/heads/topic-1');
    await stage.source.updateRef('refs/notes/x', 'refs/heads/main');
    await stage.target.hook('update', 'test "$1" != refs/notes/x');
    const result = await stage.client.sync({ ...stage.ends, scope: all, policy: { prune: true, bestEffort: true } });
    const topic = await stage.source.resolve('refs/heads/topic-2');
    const tag = await stage.source.resolve('refs/tags/v1');
    expect(result.refs).toEqual([
      {
        branch: 'main',
        sourceRef: 'refs/heads/main',
        targetRef: 'refs/heads/main',
        sourceHash: moved,
        targetHash: old,
        kind: 'branch',
        action: 'update',
        reason: 'fast-forward',
      },
      {
        branch: 'topic-1',
        sourceRef: '',
        targetRef: 'refs/heads/topic-1',
        sourceHash: '',
        targetHash: gone,
        kind: 'branch',
        action: 'delete',
        reason: 'not on the source any more',
      },
      {
        branch: 'topic-2',
        sourceRef: 'refs/heads/topic-2',
        targetRef: 'refs/heads/topic-2',
        sourceHash: topic,
        targetHash: topic,
        kind: 'branch',
        action: 'skip',
        reason: 'up to date',
      },
      {
        branch: 'refs/notes/x',
        sourceRef: 'refs/notes/x',
        targetRef: 'refs/notes/x',
        sourceHash: moved,
        targetHash: '',
        kind: 'other',
        action: 'warn',
        reason: 'hook declined',
      },
      {
        branch: 'v1',
        sourceRef: 'refs/tags/v1',
        targetRef: 'refs/tags/v1',
        sourceHash: tag,
        targetHash: tag,
        kind: 'tag',
        action: 'skip',
        reason: 'up to date',
      },
    ]);
    expect(result.counts).toEqual({ applied: 1, skipped: 2, blocked: 0, deleted: 1, warned: 1 });
  });

  test('R12 results: a probe, field by field', async () => {
    await using stage = await openStage();
    const result = await stage.client.probe({ source: { url: stage.sourceUrl } });
    expect(JSON.parse(JSON.stringify(result))).toEqual({
      sourceUrl: stage.sourceUrl,
      targetUrl: '',
      requestedMode: 'auto',
      protocol: 'v2',
      refPrefixes: ['refs/heads/'],
      sourceCapabilities: expect.arrayContaining(['object-format=sha1']) as string[],
      targetCapabilities: [],
      refs: [{ name: 'refs/heads/main', hash: await stage.source.resolve('refs/heads/main') }],
      sourceHead: 'refs/heads/main',
      stats: noStats,
      measurement: elapsed,
    });
  });

  test('R12 results: a plan has the fields of a sync', async () => {
    await using stage = await openStage();
    const plan = await stage.client.plan(stage.ends);
    const done = await stage.client.sync(stage.ends);
    expect(Object.keys(plan).sort()).toEqual(Object.keys(done).sort());
    expect(Object.keys(plan.execution).sort()).toEqual(Object.keys(done.execution).sort());
  });
});
