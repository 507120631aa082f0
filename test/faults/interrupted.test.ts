import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { compareRefs, expectConnected } from '../repositories/check-repository.ts';
import { openStage, type Stage } from '../replicate/stage.ts';
import { startCommand } from './command-line.ts';
import { expectUnharmed, leftovers, openScene, until, watchTemporaryFiles } from './scene.ts';

watchTemporaryFiles();

const temporaryPrefix = 'refs/git-mirror/';
const limit = 60_000;

async function visibleRefs(stage: Stage): Promise<readonly string[]> {
  return [...(await stage.target.refs()).keys()].filter((name) => !name.startsWith(temporaryPrefix));
}

/** A stage for a bootstrap in steps, and what is told when push number `when` has sent something. */
async function openBatched(
  when: number,
): Promise<{ readonly stage: Stage; readonly isReached: () => boolean; readonly words: readonly string[] }> {
  let isReached = false;
  const stage = await openStage({
    source: { commits: 30, branches: 2, tags: 2, fileBytes: 12_000 },
    targetFront: {
      onPushBytes: (push, bytes) => {
        if (push === when && bytes > 5000) isReached = true;
      },
      // Slow enough to be cut off in the middle.
      bytesPerSecond: (push) => (push === when ? 20_000 : undefined),
    },
  });
  const words = [
    'sync',
    '--tags',
    '--target-max-pack-bytes',
    String(limit),
    '--json',
    stage.sourceUrl,
    stage.targetUrl,
  ];
  return { stage, isReached: () => isReached, words };
}

describe('a bootstrap in steps that is cut off', () => {
  test.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGKILL', null],
  ] as const)('by %s leaves the target whole, and the next run goes on from there', async (signal, expected) => {
    const { isReached, words, ...opened } = await openBatched(4);
    await using stage = opened.stage;
    const { child, ended } = startCommand(words);
    await until(isReached);
    child.kill(signal);
    const first = await ended;
    expect(first.status).toBe(expected);
    expect(first.signal).toBe(expected === null ? 'SIGKILL' : null);
    expect(first.stdout).toBe('');
    if (expected !== null) expect(first.stderr).toMatch(/^git-mirror: stopping\. .* to stop at once\.\n$/);

    await expect.poll(() => leftovers(stage.target), { timeout: 10_000 }).toEqual([]);
    expect(await visibleRefs(stage)).toEqual([]);
    const held = await stage.target.refs();
    expect(held.size).toBeGreaterThan(0);
    await expectConnected(stage.target);
    const sentBefore = stage.pushedBytes;

    const second = await startCommand(words).ended;
    expect(second.stderr).toBe('');
    expect(second.status).toBe(0);
    expect(JSON.parse(second.stdout)).toMatchObject({ execution: { transferMode: 'batched', relay: true } });
    await compareRefs(stage.source, stage.target);
    expect(await visibleRefs(stage)).toHaveLength(5);
    await expectConnected(stage.target);
    // What had arrived is not sent again.
    const total = await stage.source.packBytes();
    expect(stage.pushedBytes - sentBefore).toBeLessThan(total * 0.85);

    const plan = await stage.client.plan({ ...stage.ends, policy: { includeTags: true } });
    expect(plan.counts).toMatchObject({ applied: 0, skipped: 5 });
  });
});

describe('a relay that is cut off', () => {
  test.each([
    ['SIGINT', 'HTTP', 130],
    ['SIGINT', 'a local path', 130],
    ['SIGTERM', 'HTTP', 143],
    ['SIGKILL', 'HTTP', null],
  ] as const)('by %s leaves a target behind %s as it was', async (signal, over, expected) => {
    let passed = 0;
    await using stage = await openScene({
      source: { commits: 4, fileBytes: 2_000_000 },
      sourceFront: {
        async *answer(body) {
          for await (const chunk of body) {
            yield chunk;
            passed += chunk.length;
            if (passed > 500_000) await delay(50);
          }
        },
      },
    });
    const before = await stage.target.refs();
    const target = over === 'HTTP' ? stage.targetUrl : stage.target.path;
    const { child, ended } = startCommand(['sync', stage.sourceUrl, target]);
    await until(() => passed > 1_500_000);
    child.kill(signal);
    const started = performance.now();
    const { status, stdout, stderr } = await ended;
    expect(status).toBe(expected);
    expect(stdout).toBe('');
    if (expected !== null) {
      expect(stderr).toMatch(/^git-mirror: stopping\. .* to stop at once\.\n$/);
      expect(performance.now() - started).toBeLessThan(5000);
    }
    await expectUnharmed(stage.target, before);
  });

  test('by SIGKILL leaves a target behind a local path with its refs and objects as they were', async () => {
    let passed = 0;
    await using stage = await openScene({
      source: { commits: 4, fileBytes: 2_000_000 },
      sourceFront: {
        async *answer(body) {
          for await (const chunk of body) {
            yield chunk;
            passed += chunk.length;
            if (passed > 500_000 && passed < 2_000_000) await delay(50);
          }
        },
      },
    });
    const before = await stage.target.refs();
    const words = ['sync', stage.sourceUrl, stage.target.path];
    const { child, ended } = startCommand(words);
    await until(() => passed > 1_500_000);
    child.kill('SIGKILL');
    expect((await ended).signal).toBe('SIGKILL');
    // Git's receive-pack may leave its quarantine behind when nobody listens any more; `git gc` knows it by its name.
    expect(await stage.target.refs()).toEqual(before);
    await expectConnected(stage.target);
    expect((await startCommand(words).ended).status).toBe(0);
    expect(await stage.target.tip('refs/heads/main')).toBe(await stage.source.tip('refs/heads/main'));
    await expectConnected(stage.target);
  });

  test('by Ctrl-C twice ends at once, also when the other side does not let go', async () => {
    await using stage = await openScene();
    const before = await stage.target.refs();
    await stage.target.hook('pre-receive', 'touch reached; exec sleep 3');
    const { child, ended } = startCommand(['sync', stage.sourceUrl, stage.target.path]);
    await until(() => existsSync(join(stage.target.path, 'reached')));
    child.kill('SIGINT');
    await delay(400);
    child.kill('SIGINT');
    const started = performance.now();
    expect((await ended).status).toBe(130);
    expect(performance.now() - started).toBeLessThan(1500);
    // The hook goes on by itself; whatever it decides, nothing is missing.
    await expect.poll(() => leftovers(stage.target), { timeout: 15_000 }).toEqual([]);
    await expectConnected(stage.target);
    expect([...(await stage.target.refs()).keys()]).toEqual(expect.arrayContaining([...before.keys()]));
  });
});
