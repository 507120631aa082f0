import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { OpenedBackend } from '../../src/server/open-backend.ts';
import { gitVersions } from '../git-versions.ts';
import { openSharedBackend, openSteeringLab, type SteeringLab, type SteeringSite } from './steering-lab.ts';

const slow = { timeout: 480_000 };
const families = gitVersions().map(({ family }) => family);
const newest = families.at(-1);
const main = 'refs/heads/main';

let backend: OpenedBackend;
beforeAll(async () => {
  backend = await openSharedBackend();
});
afterAll(() => backend.close());

/** Copies the origin to the mirrors again and again, each at its own pace, until it is stopped. */
function syncing(lab: SteeringLab, mirrors: readonly SteeringSite[]): { stop: () => Promise<void> } {
  let isStopped = false;
  const runs = mirrors.map(async (mirror, index) => {
    while (!isStopped) {
      await lab.sync(mirror);
      await setTimeout(200 + 300 * index);
    }
  });
  return {
    stop: async () => {
      isStopped = true;
      await Promise.all(runs);
    },
  };
}

/** Copies of the origin, a clone of it, and a second clone that pushes. */
async function openRace(lab: SteeringLab) {
  const { origin, client } = lab;
  const mirrors = [await lab.addMirror(), await lab.addMirror()];
  await client.gitText(['clone', '--quiet', origin.url, 'reader'], { version: newest });
  await client.gitText(['clone', '--quiet', '-c', 'http.extraHeader=Git-Mirror: direct', origin.url, 'writer']);
  const [reader, writer] = [join(client.work, 'reader'), join(client.work, 'writer')];
  return {
    mirrors,
    push: (...args: readonly string[]) => client.gitText(['push', '--quiet', 'origin', ...args], { cwd: writer }),
    commit: async () => {
      await client.gitText(['commit', '--quiet', '--allow-empty', '-m', 'next'], { cwd: writer });
      return client.gitText(['rev-parse', 'HEAD'], { cwd: writer });
    },
    /** Fetches, and says where the tracking branch is then. */
    fetch: async () => {
      await client.gitText(['fetch', '--quiet'], { cwd: reader, version: newest });
      return client.gitText(['rev-parse', 'origin/main'], { cwd: reader, version: newest });
    },
  };
}

describe('M10 steering while refs move', () => {
  it(
    'a push followed at once by a fetch is what the fetch brings, with mirrors that follow meanwhile',
    slow,
    async () => {
      await using lab = await openSteeringLab(backend, { steering: { settleMs: 0 } });
      const { mirrors, commit, push, fetch } = await openRace(lab);
      const { outcomes } = lab.origin;
      const following = syncing(lab, mirrors);
      try {
        for (let round = 0; round < 25; round += 1) {
          const tip = await commit();
          await push('HEAD:main');
          expect(await fetch()).toBe(tip);
          // Mirrors have time to follow, so that some of these come from them.
          await setTimeout((round % 5) * 150);
          expect(await fetch()).toBe(tip);
        }
      } finally {
        await following.stop();
      }
      expect(outcomes).toContain('steered');
      expect(outcomes).toContain('stale');
    },
  );

  it('a branch that is pushed and taken back is where it was, for a fetch that begins then', slow, async () => {
    await using lab = await openSteeringLab(backend, { steering: { settleMs: 0 } });
    const { mirrors, commit, push, fetch } = await openRace(lab);
    const before = await lab.origin.repository.resolve(main);
    const following = syncing(lab, mirrors);
    try {
      for (let round = 0; round < 20; round += 1) {
        await commit();
        await push('HEAD:main');
        if (round % 2 === 0) await setTimeout(round * 5);
        await push('--force', `${before}:main`);
        expect(await fetch()).toBe(before);
      }
    } finally {
      await following.stop();
    }
  });

  it('once refs have been still for a while, fetches go to mirrors again', slow, async () => {
    let laterMs = 0;
    await using lab = await openSteeringLab(backend, { steering: { now: () => Date.now() + laterMs } });
    const { mirrors, commit, push, fetch } = await openRace(lab);
    const { outcomes } = lab.origin;
    const before = await lab.origin.repository.resolve(main);
    await commit();
    await push('HEAD:main');
    await fetch();
    await push('--force', `${before}:main`);
    for (const mirror of mirrors) await lab.sync(mirror);
    outcomes.length = 0;
    laterMs += 5000;
    expect(await fetch()).toBe(before);
    expect(outcomes).toEqual(['unsettled']);
    laterMs += 31_000;
    expect(await fetch()).toBe(before);
    expect(outcomes).toEqual(['unsettled', 'steered']);
  });
});
