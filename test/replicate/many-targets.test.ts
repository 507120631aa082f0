import { describe, expect, test } from 'vitest';
import type { ProgressEvent } from '../../src/index.ts';
import { compareRefs, expectSound } from '../repositories/check-repository.ts';
import type { Repository } from '../repositories/repository.ts';
import { freePort } from '../servers/server-process.ts';
import { startFront } from './front.ts';
import { openStage, type Stage } from './stage.ts';

/** Packs that the servers were asked for so far. */
async function packRequests(stage: Stage): Promise<number> {
  return [...(await stage.serverTrace()).matchAll(/upload-pack< command=fetch/g)].length;
}

async function expectEqual(stage: Stage, ...targets: readonly Repository[]): Promise<void> {
  for (const target of targets) {
    await compareRefs(stage.source, target);
    await expectSound(target);
  }
}

const megabyte = 1024 * 1024;

describe('R17 many targets, one fetch', () => {
  test('R17 many targets: the source sends one pack, and all targets end equal to it', async () => {
    await using stage = await openStage({ source: { commits: 6, branches: 2, tags: 2, fileBytes: 50_000 } });
    const others = [await stage.addTarget('b.git'), await stage.addTarget('c.git')];
    const urls = [stage.targetUrl, ...others.map(({ url }) => url)];
    const request = {
      source: { url: stage.sourceUrl },
      targets: urls.map((url) => ({ url })),
      policy: { includeTags: true },
    };
    const result = await stage.client.sync(request);
    expect(await packRequests(stage)).toBe(1);
    await expectEqual(stage, stage.target, ...others.map(({ repository }) => repository));
    expect(result.targets?.map(({ targetUrl }) => targetUrl)).toEqual(urls);
    for (const target of result.targets ?? []) {
      expect(target.error).toBeUndefined();
      expect(target.counts).toMatchObject({ applied: 5 });
      expect(target.execution).toMatchObject({ transferMode: 'bootstrap', relay: true });
    }
    expect(result).toMatchObject({ targetUrl: urls[0], counts: { applied: 5 } });

    await stage.source.commit('refs/heads/main');
    await stage.client.sync(request);
    // One for ancestry for each target, one pack for all.
    expect(await packRequests(stage)).toBeLessThanOrEqual(1 + 3 + 1);
    await expectEqual(stage, stage.target, ...others.map(({ repository }) => repository));
  });

  test('R17 many targets: one dead, one refusing, one that is not there: the others finish', async () => {
    await using stage = await openStage({ source: { commits: 4, branches: 1 } });
    const good = await stage.addTarget('good.git');
    const refusing = await stage.addTarget('refusing.git');
    await refusing.repository.hook('update', 'test "$1" != refs/heads/topic-1');
    const dead = `http://127.0.0.1:${String(await freePort())}/dead.git`;
    const result = await stage.client.sync({
      source: { url: stage.sourceUrl },
      targets: [dead, stage.targetUrl, `${stage.backend.url}/none.git`, refusing.url, good.url].map((url) => ({ url })),
    });
    expect(result.targets?.map(({ error }) => error?.code)).toEqual([
      'GM_NETWORK',
      undefined,
      'GM_NOT_FOUND',
      'GM_REF_REJECTED',
      undefined,
    ]);
    expect(result).toMatchObject({ targetUrl: dead, error: { code: 'GM_NETWORK', retryable: true }, refs: [] });
    expect(await packRequests(stage)).toBe(1);
    await expectEqual(stage, stage.target, good.repository);
  });

  test('R17 many targets: one that is cut off in the middle of the pack', async () => {
    await using stage = await openStage({ source: { commits: 6, fileBytes: 2 * megabyte } });
    const fragile = await stage.addTarget('fragile.git');
    const front = await startFront(stage.backend.url, {
      onPushBytes: (_, bytes) => {
        if (bytes > 3 * megabyte) throw new Error('the front gives up');
      },
    });
    stage.defer(() => front.close());
    const result = await stage.client.sync({
      source: { url: stage.sourceUrl },
      targets: [{ url: `${front.url}/fragile.git` }, { url: stage.targetUrl }],
    });
    expect(result.targets?.map(({ error }) => error?.code)).toEqual(['GM_NETWORK', undefined]);
    expect(await packRequests(stage)).toBe(1);
    await expectEqual(stage, stage.target);
    expect(await fragile.repository.refs()).toEqual(new Map());
  });

  test('R17 many targets: a slow one is put off, and the others do not wait for it', async () => {
    await using stage = await openStage({ source: { commits: 8, fileBytes: 3 * megabyte } });
    const slow = await stage.addTarget('slow.git');
    const front = await startFront(stage.backend.url, {
      // At this rate the pack would take four minutes; the second try goes as fast as it can.
      bytesPerSecond: (push) => (push === 1 ? 100_000 : undefined),
    });
    stage.defer(() => front.close());
    const slowUrl = `${front.url}/slow.git`;
    const done: string[] = [];
    const onProgress = (event: ProgressEvent): void => {
      if (event.type === 'ref') done.push(event.targetUrl);
    };
    const result = await stage.client.sync(
      {
        source: { url: stage.sourceUrl },
        targets: [{ url: slowUrl }, { url: stage.targetUrl }],
        advanced: { slowTargetMs: 300 },
      },
      { onProgress },
    );
    expect(result.targets?.map(({ error }) => error)).toEqual([undefined, undefined]);
    expect(done).toEqual([stage.targetUrl, slowUrl]);
    expect(await packRequests(stage)).toBe(2);
    await expectEqual(stage, stage.target, slow.repository);
  });

  test('R17 many targets: with different needs each need is fetched once', async () => {
    await using stage = await openStage({ source: { commits: 6, fileBytes: 20_000 } });
    const behind = [await stage.addTarget('b.git'), await stage.addTarget('c.git')];
    const source = { url: stage.sourceUrl };
    await stage.client.sync({ source, targets: behind.map(({ url }) => ({ url })) });
    await stage.source.commit('refs/heads/new', { from: await stage.source.resolve('refs/heads/main') });
    const before = await packRequests(stage);
    const result = await stage.client.sync({
      source,
      targets: [{ url: stage.targetUrl }, ...behind.map(({ url }) => ({ url }))],
    });
    expect((await packRequests(stage)) - before).toBe(2);
    expect(result.targets?.map(({ execution }) => execution.transferMode)).toEqual([
      'bootstrap',
      'incremental',
      'incremental',
    ]);
    await expectEqual(stage, stage.target, ...behind.map(({ repository }) => repository));
  });

  test('R17 many targets: from a local path, which answers one request at a time', async () => {
    await using stage = await openStage({ source: { commits: 6, fileBytes: 20_000 } });
    const other = await stage.addTarget('b.git');
    const source = { url: stage.source.path };
    await stage.client.sync({ source, target: { url: stage.target.path } });
    await stage.source.commit('refs/heads/main');
    await stage.client.sync({ source, targets: [{ url: stage.target.path }, { url: other.repository.path }] });
    await expectEqual(stage, stage.target, other.repository);
  });

  test('R17 many targets: what is blocked at one goes ahead at the others', async () => {
    await using stage = await openStage({ source: { commits: 4 } });
    const other = await stage.addTarget('b.git');
    await stage.client.sync(stage.ends);
    await stage.target.commit('refs/heads/main', { message: 'only here' });
    const diverged = await stage.target.refs();
    const result = await stage.client.sync({
      source: { url: stage.sourceUrl },
      targets: [{ url: stage.targetUrl }, { url: other.url }],
    });
    expect(result.targets?.map(({ counts }) => [counts.blocked, counts.applied])).toEqual([
      [1, 0],
      [0, 1],
    ]);
    expect(await stage.target.refs()).toEqual(diverged);
    await expectEqual(stage, other.repository);
  });

  test('R17 many targets: one with a body limit goes in steps, the other takes the whole pack', async () => {
    await using stage = await openStage({
      source: { commits: 12, fileBytes: 6000 },
      targetFront: { maxPushBytes: 30_000 },
    });
    const other = await stage.addTarget('b.git');
    const result = await stage.client.sync({
      source: { url: stage.sourceUrl },
      targets: [{ url: stage.targetUrl }, { url: other.url }],
    });
    expect(result.targets?.map(({ execution }) => execution.transferMode)).toEqual(['batched', 'bootstrap']);
    await expectEqual(stage, stage.target, other.repository);
  });

  test('R17 many targets: a source that fails fails them all', async () => {
    await using stage = await openStage();
    const other = await stage.addTarget('b.git');
    await expect(
      stage.client.sync({
        source: { url: `${stage.backend.url}/none.git` },
        targets: [{ url: stage.targetUrl }, { url: other.url }],
      }),
    ).rejects.toMatchObject({ code: 'GM_NOT_FOUND' });
  });
});
