import { describe, expect, test } from 'vitest';
import { compareRefs, expectSound } from '../repositories/check-repository.ts';
import { actionsOf } from './actions.ts';
import { openStage } from './stage.ts';

describe('R3 sync', () => {
  test('R3 sync: an empty target is bootstrapped by one relay', async () => {
    await using stage = await openStage({ source: { commits: 20, mergeEvery: 5, branches: 3, tags: 4 } });
    const result = await stage.client.sync({ ...stage.ends, policy: { includeTags: true } });
    expect(result.execution).toMatchObject({
      dryRun: false,
      protocol: 'v2',
      operationMode: 'sync',
      relay: true,
      transferMode: 'bootstrap',
    });
    expect(result.counts).toEqual({ applied: 8, skipped: 0, blocked: 0, deleted: 0, warned: 0 });
    expect(stage.pushCount).toBe(1);
    await compareRefs(stage.source, stage.target);
    await expectSound(stage.target);
  });

  test('R3 sync: a fast-forward and a new branch are relayed on top of what is there', async () => {
    await using stage = await openStage({ source: { commits: 30, fileBytes: 4096 } });
    await stage.client.sync(stage.ends);
    const bootstrapBytes = stage.pushedBytes;
    await stage.source.commit('refs/heads/main');
    await stage.source.commit('refs/heads/new', { from: await stage.source.resolve('refs/heads/main') });
    const result = await stage.client.sync(stage.ends);
    expect(actionsOf(result)).toEqual(['update refs/heads/main', 'create refs/heads/new']);
    expect(result.execution).toMatchObject({ relay: true, transferMode: 'incremental' });
    expect(stage.pushedBytes - bootstrapBytes).toBeLessThan(bootstrapBytes / 20);
    await compareRefs(stage.source, stage.target);
    await expectSound(stage.target);
  });

  test('R3 sync: with nothing to do there is no push, and two requests a side at most', async () => {
    await using stage = await openStage({ source: { branches: 2 } });
    await stage.client.sync(stage.ends);
    const before = stage.backend.requests.length;
    const result = await stage.client.sync(stage.ends);
    expect(result.counts).toEqual({ applied: 0, skipped: 3, blocked: 0, deleted: 0, warned: 0 });
    expect(result.execution).toMatchObject({ transferMode: 'none' });
    const requests = stage.backend.requests.slice(before).map(({ method, url }) => `${method} ${url}`);
    expect(requests.sort()).toEqual([
      'GET /source.git/info/refs?service=git-upload-pack',
      'GET /target.git/info/refs?service=git-receive-pack',
      'POST /source.git/git-upload-pack',
    ]);
  });

  test('R3 sync: one diverged branch blocks, and nothing at all is pushed', async () => {
    await using stage = await openStage({ source: { branches: 2 } });
    await stage.client.sync(stage.ends);
    await stage.source.commit('refs/heads/main');
    await stage.source.commit('refs/heads/topic-1', { from: null });
    await stage.source.commit('refs/heads/new', { from: null });
    const before = await stage.target.refs();
    const pushes = stage.pushCount;
    const result = await stage.client.sync(stage.ends);
    expect(result.counts).toMatchObject({ blocked: 1 });
    expect(result.execution.reason).toBe('refs are blocked, so nothing was pushed');
    expect(await stage.target.refs()).toEqual(before);
    expect(stage.pushCount).toBe(pushes);

    const forced = await stage.client.sync({ ...stage.ends, policy: { forceWithLease: true } });
    expect(forced.counts).toEqual({ applied: 3, skipped: 1, blocked: 0, deleted: 0, warned: 0 });
    await compareRefs(stage.source, stage.target);
    await expectSound(stage.target);
  });

  test.each(['annotated', 'lightweight'])(
    'R3 sync: a moved %s tag blocks, and nothing at all is pushed',
    async (kind) => {
      await using stage = await openStage({ source: { tags: 2 } });
      const policy = { includeTags: true } as const;
      await stage.client.sync({ ...stage.ends, policy });
      await stage.source.commit('refs/heads/main');
      if (kind === 'lightweight') await stage.source.updateRef('refs/tags/v2', 'refs/heads/main');
      else await stage.source.git('tag', '-f', '-a', '-m', 'again', 'v1', 'refs/heads/main');
      const before = await stage.target.refs();
      const result = await stage.client.sync({ ...stage.ends, policy });
      expect(result.counts).toMatchObject({ blocked: 1 });
      expect(await stage.target.refs()).toEqual(before);

      await stage.client.sync({ ...stage.ends, policy: { ...policy, force: true } });
      await compareRefs(stage.source, stage.target);
      await expectSound(stage.target);
    },
  );

  test('R3 sync: between local paths', async () => {
    await using stage = await openStage({ source: { commits: 10, branches: 2 } });
    const ends = { source: { url: stage.source.path }, target: { url: stage.target.path } };
    await stage.client.sync(ends);
    await stage.source.commit('refs/heads/main');
    const result = await stage.client.sync(ends);
    expect(result.execution).toMatchObject({ relay: true, transferMode: 'incremental' });
    await compareRefs(stage.source, stage.target);
    await expectSound(stage.target);
  });

  test('R3 sync: a new ref to an object that is there needs no pack from the source', async () => {
    await using stage = await openStage({ source: { commits: 5 } });
    await stage.client.sync(stage.ends);
    await stage.source.updateRef('refs/heads/same', 'refs/heads/main');
    const result = await stage.client.sync({ ...stage.ends, collectStats: true });
    expect(actionsOf(result)).toEqual(['skip refs/heads/main', 'create refs/heads/same']);
    expect(result.stats.items['source git-upload-pack']).toMatchObject({ wants: 0 });
    await compareRefs(stage.source, stage.target);
  });

  test('R3 sync: tags of trees and blobs, and of tags, arrive as they are', async () => {
    await using stage = await openStage({ source: { tags: 1 } });
    await stage.source.git('tag', 'tree', 'main^{tree}');
    await stage.source.git('tag', 'blob', 'main:files/1/1.bin');
    await stage.source.git('tag', '-a', '-m', 'of a tag', 'nested', 'v1');
    await stage.client.sync({ ...stage.ends, policy: { includeTags: true } });
    await compareRefs(stage.source, stage.target);
    await expectSound(stage.target);
  });

  test('R3 sync: one client does several at the same time', async () => {
    await using stage = await openStage({ source: { commits: 6, branches: 2 } });
    const targets = [stage.target];
    const urls = [stage.targetUrl];
    for (const name of ['b.git', 'c.git', 'd.git']) {
      const { repository, url } = await stage.addTarget(name);
      targets.push(repository);
      urls.push(url);
    }
    await Promise.all(urls.map((url) => stage.client.sync({ source: { url: stage.sourceUrl }, target: { url } })));
    for (const target of targets) await compareRefs(stage.source, target);
  });

  test('R3 sync: an empty source leaves an empty target as it is', async () => {
    await using stage = await openStage({ source: { commits: 0 } });
    const result = await stage.client.sync(stage.ends);
    expect(result.refs).toEqual([]);
    expect(await stage.target.refs()).toEqual(new Map());
  });
});
