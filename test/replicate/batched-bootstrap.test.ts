import { describe, expect, test } from 'vitest';
import type { ProgressEvent } from '../../src/index.ts';
import { compareRefs, expectConnected, expectSound } from '../repositories/check-repository.ts';
import { incompressibleBytes } from '../repositories/random-bytes.ts';
import { startApache } from '../servers/apache.ts';
import { hideCapabilities } from './front.ts';
import { openStage, type Stage } from './stage.ts';

const temporaryPrefix = 'refs/git-mirror/';
/** 24 commits on the first-parent line, 36 in all, 6 KiB each that do not compress: about 240 KB. */
const history = { commits: 24, mergeEvery: 4, mergeLength: 2, branches: 3, tags: 4, fileBytes: 6144 } as const;
const limit = 60_000;
const policy = { includeTags: true } as const;

async function expectDone(stage: Stage): Promise<void> {
  // Temporary refs are refs too: this fails when one of them is left.
  await compareRefs(stage.source, stage.target);
  await expectSound(stage.target);
}

/** Status of every push that the front has seen. */
function statuses(stage: Stage): readonly number[] {
  return stage.targetFront?.pushes.map(({ status }) => status) ?? [];
}

describe('R5 batched bootstrap', () => {
  test.each(['first-parent', 'topo'] as const)(
    'R5 batched bootstrap: %s steps stay below a limit that is known',
    async (bootstrapOrder) => {
      await using stage = await openStage({ source: history, targetFront: { maxPushBytes: limit } });
      const result = await stage.client.sync({
        ...stage.ends,
        policy,
        advanced: { targetMaxPackBytes: limit - 2000, bootstrapOrder },
      });
      expect(result.execution).toMatchObject({ transferMode: 'batched', relay: true, batch: { enabled: true } });
      const { planned, done } = result.execution.batch;
      expect(done).toBeGreaterThanOrEqual(5);
      expect(planned).toBe(done);
      await expectDone(stage);
      // No push came so far as to be refused: packs were cut off or never begun on this side.
      expect(statuses(stage)).not.toContain(413);
    },
  );

  test.each([
    { refusal: 413, refuseAtEnd: false },
    { refusal: 413, refuseAtEnd: true },
    { refusal: 408, refuseAtEnd: true },
    { refusal: 504, refuseAtEnd: true },
  ] as const)(
    'R5 batched bootstrap: a target that answers $refusal (body read: $refuseAtEnd) is sent smaller steps',
    async (rules) => {
      await using stage = await openStage({ source: history, targetFront: { maxPushBytes: limit, ...rules } });
      const result = await stage.client.sync({ ...stage.ends, policy });
      expect(result.execution).toMatchObject({ transferMode: 'batched', relay: true });
      expect(result.execution.reason).toMatch(/refused the whole pack .*, so it went in steps/);
      expect(statuses(stage)[0]).toBe(rules.refusal);
      expect(statuses(stage).filter((status) => status === rules.refusal).length).toBeLessThan(6);
      await expectDone(stage);
    },
  );

  test('R5 batched bootstrap: Apache with LimitRequestBody', async () => {
    await using stage = await openStage({ source: history });
    const apache = await startApache({
      root: stage.folder,
      extra: `LimitRequestBody ${String(limit)}`,
    });
    stage.defer(() => apache.close());
    await stage.target.configure('http.receivepack', 'true');
    const result = await stage.client.sync({
      source: { url: stage.sourceUrl },
      target: { url: `${apache.url}/git/target.git` },
      policy,
    });
    expect(result.execution.transferMode).toBe('batched');
    expect(await apache.accessLog(/ 413 /)).toContainEqual(expect.stringMatching(/git-receive-pack .*413/));
    await expectDone(stage);
  });

  test('R5 batched bootstrap: steps grow when packs come out small', async () => {
    // Twelve large commits, then many small ones.
    await using stage = await openStage({
      source: { commits: 12, fileBytes: 8192 },
      targetFront: { maxPushBytes: 40_000 },
    });
    for (let number = 0; number < 60; number += 1) await stage.source.commit('refs/heads/main');
    const events: ProgressEvent[] = [];
    await stage.client.sync(
      { ...stage.ends, advanced: { targetMaxPackBytes: 36_000 } },
      { onProgress: (event) => events.push(event) },
    );
    await expectDone(stage);
    const pushes = stage.targetFront?.pushes ?? [];
    // Two or three of the large commits fit in a push. Were the small ones sent as cautiously, it would take over 30.
    expect(pushes.length).toBeLessThan(18);
    const batches = events.filter((event) => event.type === 'batch');
    expect(batches.at(-1)).toMatchObject({ done: batches.at(-1)?.planned });
  });

  test('R5 batched bootstrap: a pack whose header says that it cannot fit is not sent', async () => {
    await using stage = await openStage({ source: { commits: 20 }, targetFront: { maxPushBytes: 110_000 } });
    for (let number = 0; number < 12; number += 1) {
      const files: Record<string, Buffer> = {};
      for (let file = 0; file < 500; file += 1) {
        files[`many/${String(number)}/${String(file)}`] = incompressibleBytes(20, number * 1000 + file + 50_000);
      }
      await stage.source.commit('refs/heads/main', { files });
    }
    await stage.client.sync({ ...stage.ends, advanced: { targetMaxPackBytes: 100_000 } });
    await expectDone(stage);
    // After the small commits a step takes many of the large ones. Their objects are counted before a push is begun, so
    // that there are packs (the one of the history aside) that no push was begun for.
    const fetches = [...(await stage.serverTrace()).matchAll(/upload-pack< command=fetch/g)].length;
    const withPack = stage.targetFront?.pushes.filter(({ bytes }) => bytes > 500).length ?? 0;
    expect(fetches - 1).toBeGreaterThan(withPack);
    expect(statuses(stage)).not.toContain(413);
  });

  test("R5 batched bootstrap: HEAD's branch is created first, all visible refs in one push, after all objects", async () => {
    await using stage = await openStage({ source: { ...history, branches: 4 } });
    await stage.source.git('symbolic-ref', 'HEAD', 'refs/heads/topic-3');
    await stage.target.recordPushes();
    await stage.client.sync({ ...stage.ends, policy, advanced: { targetMaxPackBytes: limit } });
    await expectDone(stage);
    const log = await stage.target.recordedPushes();
    const visible = log.map((lines) => lines.filter((name) => !name.startsWith(temporaryPrefix)));
    const cutOvers = visible.filter((names) => names.length > 0);
    expect(cutOvers).toHaveLength(1);
    expect(cutOvers[0]?.[0]).toBe('refs/heads/topic-3');
    expect(cutOvers[0]).toHaveLength(9);
    // Before it, pushes of temporary refs only; after it, one that deletes them.
    expect(log.length).toBeGreaterThan(4);
    expect(visible.findIndex((names) => names.length > 0)).toBe(log.length - 2);
  });

  test('R5 batched bootstrap: a visible ref never appears before the cut-over', async () => {
    const seen: string[][] = [];
    await using stage = await openStage({
      source: history,
      targetFront: { onPush: async () => void seen.push([...(await stage.target.refs()).keys()]) },
    });
    await stage.client.sync({ ...stage.ends, policy, advanced: { targetMaxPackBytes: limit } });
    const beforeCutOver = seen.slice(0, -1);
    expect(beforeCutOver.length).toBeGreaterThan(3);
    for (const names of beforeCutOver) expect(names.filter((name) => !name.startsWith(temporaryPrefix))).toEqual([]);
    await expectDone(stage);
  });

  test('R5 batched bootstrap: one commit larger than the target takes goes in parts', async () => {
    await using stage = await openStage({
      source: { commits: 6, fileBytes: 4096 },
      targetFront: { maxPushBytes: limit },
    });
    const files: Record<string, Buffer> = {};
    for (let number = 0; number < 24; number += 1) {
      files[`large/${String(number)}.bin`] = incompressibleBytes(8000, 900 + number);
    }
    await stage.source.commit('refs/heads/main', { files });
    await stage.source.commit('refs/heads/main');
    const result = await stage.client.sync(stage.ends);
    expect(result.execution.transferMode).toBe('batched');
    expect(result.execution.relay).toBe(false);
    await expectDone(stage);
  });

  test('R5 batched bootstrap: a single object larger than the target takes is refused with its reason', async () => {
    await using stage = await openStage({
      source: { commits: 3, fileBytes: 100_000 },
      targetFront: { maxPushBytes: limit },
    });
    await expect(stage.client.sync(stage.ends)).rejects.toMatchObject({ code: 'GM_LIMIT' });
    expect([...(await stage.target.refs()).keys()].filter((name) => !name.startsWith(temporaryPrefix))).toEqual([]);
    await expectConnected(stage.target);
  });

  test.each(['first-parent', 'topo'] as const)(
    'R5 batched bootstrap: a merge too large for one step is sent commit by commit, %s',
    async (bootstrapOrder) => {
      await using stage = await openStage({
        source: { commits: 4, mergeEvery: 4, mergeLength: 20, fileBytes: 6144 },
        targetFront: { maxPushBytes: limit },
      });
      const result = await stage.client.sync({ ...stage.ends, advanced: { bootstrapOrder } });
      expect(result.execution).toMatchObject({ transferMode: 'batched', relay: true });
      await expectDone(stage);
    },
  );

  test('R5 batched bootstrap: an existing target with too large an update goes in steps too', async () => {
    await using stage = await openStage({
      source: { commits: 4, fileBytes: 4096 },
      targetFront: { maxPushBytes: limit },
    });
    await stage.client.sync(stage.ends);
    for (let number = 0; number < 30; number += 1) {
      await stage.source.commit('refs/heads/main', {
        files: { [`late/${String(number)}`]: incompressibleBytes(4096, 700 + number) },
      });
    }
    const result = await stage.client.sync(stage.ends);
    expect(result.execution.transferMode).toBe('batched');
    await expectDone(stage);
  });

  test('R5 batched bootstrap: a version 0 source that takes any reachable want', async () => {
    await using stage = await openStage({ source: history, targetFront: { maxPushBytes: limit } });
    await stage.source.configure('uploadpack.allowReachableSHA1InWant', 'true');
    const result = await stage.client.sync({ ...stage.ends, policy: { ...policy, protocol: 'v1' } });
    expect(result.execution).toMatchObject({ transferMode: 'batched', protocol: 'v1' });
    await expectDone(stage);
  });

  test('R5 batched bootstrap: a source that cannot filter is read whole for its history', async () => {
    await using stage = await openStage({
      source: history,
      targetFront: { maxPushBytes: limit },
      sourceFront: { advertisement: hideCapabilities('filter') },
    });
    await stage.source.configure('uploadpack.allowFilter', 'false');
    const result = await stage.client.sync({ ...stage.ends, policy });
    expect(result.execution.transferMode).toBe('batched');
    await expectDone(stage);
  });

  test('R5 batched bootstrap: no more ref updates in one push than asked for', async () => {
    await using stage = await openStage({ source: { ...history, branches: 7 } });
    await stage.target.recordPushes();
    await stage.client.sync({ ...stage.ends, policy, advanced: { targetMaxRefUpdates: 3 } });
    await expectDone(stage);
    const log = await stage.target.recordedPushes();
    expect(log.map(({ length }) => length)).toEqual([3, 3, 3, 3]);
    expect(log[0]?.[0]).toBe('refs/heads/main');
  });
});
