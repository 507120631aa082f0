import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import type { UnstableSyncRequest } from '../../src/unstable.ts';
import { compareRefs, expectConnected, expectSound } from '../repositories/check-repository.ts';
import { openStage, type Stage } from './stage.ts';

const temporaryPrefix = 'refs/git-mirror/';
/** Some 260 KB in 39 commits. */
const history = { commits: 24, mergeEvery: 4, mergeLength: 2, branches: 3, tags: 4, fileBytes: 6144 } as const;
const settings = { policy: { includeTags: true }, advanced: { targetMaxPackBytes: 60_000 } } as const;

/** Bytes of the pushes from number `first` to `end` (from 0) that were taken. */
function takenBytes(stage: Stage, first: number, end?: number): number {
  const pushes = stage.targetFront?.pushes.slice(first, end) ?? [];
  return pushes.filter(({ status }) => status === 200).reduce((sum, { bytes }) => sum + bytes, 0);
}

/**
 * Expects that the pushes from number `first` on brought only what was missing. Several packs hold a little more than
 * one pack of everything.
 */
async function expectResumed(stage: Stage, first: number): Promise<void> {
  await compareRefs(stage.source, stage.target);
  await expectSound(stage.target);
  const whole = await stage.source.packBytes();
  const before = takenBytes(stage, 0, first);
  const after = takenBytes(stage, first);
  expect(before).toBeGreaterThan(whole * 0.04);
  expect(before + after).toBeGreaterThan(whole * 0.99);
  expect(before + after).toBeLessThan(whole * 1.05);
}

/** Expects that an interrupted run has left temporary refs only, and whole histories behind them. */
async function expectCleanlyInterrupted(stage: Stage): Promise<void> {
  await expectConnected(stage.target);
  const names = [...(await stage.target.refs()).keys()];
  expect(names.length).toBeGreaterThan(0);
  expect(names.filter((name) => !name.startsWith(temporaryPrefix))).toEqual([]);
}

function runChild(request: UnstableSyncRequest): ReturnType<typeof spawn> {
  const script = fileURLToPath(new URL('sync-child.ts', import.meta.url));
  return spawn(process.execPath, [script, JSON.stringify(request)], { stdio: ['ignore', 'ignore', 'inherit'] });
}

describe('R5 batched bootstrap, interrupted', () => {
  test.each([3, 4, 5])('R5 batched bootstrap: aborted at push %i, a rerun goes on from there', async (abortAt) => {
    const controller = new AbortController();
    await using stage = await openStage({
      source: history,
      targetFront: {
        onPush: async (push) => {
          if (push !== abortAt) return;
          controller.abort(new Error('stop now'));
          await delay(100);
        },
      },
    });
    const request = { ...stage.ends, ...settings };
    await expect(stage.client.sync(request, { signal: controller.signal })).rejects.toThrow('stop now');
    await expectCleanlyInterrupted(stage);
    const result = await stage.client.sync(request);
    expect(result.execution.transferMode).toBe('batched');
    await expectResumed(stage, abortAt);
  });

  test('R5 batched bootstrap: aborted again and again, it ends all the same', async () => {
    let controller = new AbortController();
    await using stage = await openStage({
      source: history,
      targetFront: {
        onPush: async (push) => {
          // Every other push is cut off.
          if (push % 2 === 1) return;
          controller.abort(new Error('stop now'));
          await delay(50);
        },
      },
    });
    const request = { ...stage.ends, ...settings };
    let runs = 0;
    for (let done = false; !done; runs += 1) {
      expect(runs).toBeLessThan(20);
      controller = new AbortController();
      done = await stage.client.sync(request, { signal: controller.signal }).then(
        () => true,
        () => false,
      );
      await expectConnected(stage.target);
    }
    expect(runs).toBeGreaterThan(3);
    await expectResumed(stage, 5);
  });

  test('R5 batched bootstrap: killed by SIGKILL between pushes, a rerun resumes and less is sent', async () => {
    let kill: () => Promise<void> = () => Promise.resolve();
    await using stage = await openStage({
      source: history,
      targetFront: {
        onPush: async (push) => {
          if (push === 4) await kill();
        },
      },
    });
    const child = runChild({ ...stage.ends, ...settings });
    kill = async () => {
      child.kill('SIGKILL');
      await once(child, 'exit');
      await delay(50);
    };
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    expect(child.signalCode).toBe('SIGKILL');
    expect(stage.targetFront?.pushes).toHaveLength(4);
    await expectCleanlyInterrupted(stage);
    await stage.client.sync({ ...stage.ends, ...settings });
    await expectResumed(stage, 4);
  });

  test('R5 batched bootstrap: killed by SIGKILL in the middle of a body, a rerun resumes and less is sent', async () => {
    let kill: () => void = () => undefined;
    await using stage = await openStage({
      source: { ...history, fileBytes: 60_000 },
      targetFront: {
        // Slow enough that the kill comes while most of the body is still to be sent.
        bytesPerSecond: (push) => (push === 4 ? 500_000 : undefined),
        onPushBytes: (push, bytes) => {
          if (push === 4 && bytes > 100_000) kill();
        },
      },
    });
    const request = { ...stage.ends, ...settings, advanced: { targetMaxPackBytes: 900_000 } };
    const child = runChild(request);
    kill = () => {
      child.kill('SIGKILL');
    };
    await once(child, 'exit');
    expect(child.signalCode).toBe('SIGKILL');
    await expectCleanlyInterrupted(stage);
    await stage.client.sync(request);
    await expectResumed(stage, 4);
  });

  test('R5 batched bootstrap: a rerun meets a push of the killed run that the target is still busy with', async () => {
    const controller = new AbortController();
    let isRerun = false;
    let overtaken: string[] = [];
    await using stage = await openStage({
      source: history,
      targetFront: {
        onPush: async () => {
          if (!isRerun || existsSync(join(stage.target.path, 'go'))) return;
          await writeFile(join(stage.target.path, 'go'), '');
          for (let tries = 0; overtaken.length === 0 && tries < 100; tries += 1) {
            await delay(20);
            overtaken = [...(await stage.target.refs()).keys()];
          }
        },
      },
    });
    // The first push has arrived whole when the run is ended, but the target takes its time.
    await stage.target.hook('pre-receive', 'touch here; while test ! -e go; do sleep 0.02; done');
    const request = { ...stage.ends, ...settings };
    const first = stage.client.sync(request, { signal: controller.signal });
    first.catch(() => undefined);
    while (!existsSync(join(stage.target.path, 'here'))) await delay(20);
    controller.abort(new Error('stop now'));
    await expect(first).rejects.toThrow('stop now');
    isRerun = true;
    await stage.client.sync(request);
    expect(overtaken).toHaveLength(1);
    expect(overtaken[0]).toMatch(/^refs\/git-mirror\/bootstrap\//);
    await compareRefs(stage.source, stage.target);
    await expectSound(stage.target);
  });
});
