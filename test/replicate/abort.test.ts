import { execFile } from 'node:child_process';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import type { ProgressEvent } from '../../src/index.ts';
import { compareRefs, expectConnected } from '../repositories/check-repository.ts';
import { openStage, type Stage } from './stage.ts';

const run = promisify(execFile);

/** Programs that this process has started and that are still there. */
async function childPrograms(): Promise<readonly string[]> {
  const { stdout } = await run('ps', ['-o', 'pid=,comm=', '--ppid', String(process.pid)]);
  return stdout.split('\n').filter((line) => line.trim() !== '' && !/ (?:ps|node|MainThread)$/.test(line));
}

async function expectNoPrograms(): Promise<void> {
  let left: readonly string[] = [];
  for (let tries = 0; tries < 100; tries += 1) {
    left = await childPrograms();
    if (left.length === 0) return;
    await delay(50);
  }
  expect(left).toEqual([]);
}

const moments: readonly { readonly what: string; readonly when: (event: ProgressEvent) => boolean }[] = [
  { what: 'connecting', when: (event) => event.type === 'phase' && event.phase === 'connect' },
  { what: 'planning', when: (event) => event.type === 'phase' && event.phase === 'plan' },
  { what: 'beginning the transfer', when: (event) => event.type === 'phase' && event.phase === 'transfer' },
  { what: "seeing the pack's header", when: (event) => event.type === 'pack' },
  { what: 'the pack was coming', when: (event) => event.type === 'bytes' && event.side === 'source' },
  { what: 'the pack was going', when: (event) => event.type === 'bytes' && event.side !== 'source' },
];

describe('abort', () => {
  for (const transport of ['HTTP', 'local paths'] as const) {
    test.each(moments)(`abort: over ${transport}, while $what: the target stays as it was`, async ({ when }) => {
      await using stage = await openStage({ source: { commits: 6, branches: 2, fileBytes: 1_000_000 } });
      const ends =
        transport === 'HTTP' ? stage.ends : { source: { url: stage.source.path }, target: { url: stage.target.path } };
      await stage.source.updateRef('refs/heads/first', 'refs/heads/main~4');
      await stage.client.sync({ ...ends, scope: { branches: ['first'] } });
      const before = await stage.target.refs();
      const controller = new AbortController();
      const reason = new Error('enough');
      const failure = stage.client.sync(ends, {
        signal: controller.signal,
        onProgress: (event) => {
          if (when(event)) controller.abort(reason);
        },
      });
      // The reason itself, not something wrapped around it.
      await expect(failure).rejects.toBe(reason);
      await expectNoPrograms();
      expect(await stage.target.refs()).toEqual(before);
      await expectConnected(stage.target);
      // The target's receive-pack clears up behind itself when it sees the end of its input, a moment later.
      await expect.poll(() => leftovers(stage), { timeout: 10_000 }).toEqual([]);
      await stage.client.sync(ends);
      await compareRefs(stage.source, stage.target);
    });
  }

  test('abort: before the call, nothing is asked of anybody', async () => {
    await using stage = await openStage();
    const reason = new Error('enough');
    for (const call of ['plan', 'sync', 'replicate', 'probe'] as const) {
      await expect(stage.client[call](stage.ends, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    }
    expect(stage.backend.requests).toEqual([]);
  });

  test('abort: after the target has taken the push, the refs are whole: all as before or all as wanted', async () => {
    const controller = new AbortController();
    await using stage = await openStage({
      source: { commits: 6, branches: 2 },
      targetFront: {
        async *answer(body) {
          controller.abort(new Error('enough'));
          yield* body;
        },
      },
    });
    await expect(stage.client.sync(stage.ends, { signal: controller.signal })).rejects.toThrow('enough');
    await expectConnected(stage.target);
    const count = (await stage.target.refs()).size;
    expect([0, 3]).toContain(count);
  });

  test('abort: with several targets all of them are left as they were', async () => {
    await using stage = await openStage({ source: { commits: 6, fileBytes: 1_000_000 } });
    const other = await stage.addTarget('other.git');
    const controller = new AbortController();
    const failure = stage.client.sync(
      { source: { url: stage.sourceUrl }, targets: [{ url: stage.targetUrl }, { url: other.url }] },
      {
        signal: controller.signal,
        onProgress: (event) => {
          if (event.type === 'pack') controller.abort(new Error('enough'));
        },
      },
    );
    await expect(failure).rejects.toThrow('enough');
    for (const repository of [stage.target, other.repository]) {
      expect(await repository.refs()).toEqual(new Map());
      await expectConnected(repository);
    }
  });

  test('abort: a listener that throws does not leave anything running', async () => {
    await using stage = await openStage({ source: { commits: 4, fileBytes: 100_000 } });
    const ends = { source: { url: stage.source.path }, target: { url: stage.target.path } };
    const failure = stage.client.sync(ends, {
      onProgress: (event) => {
        if (event.type === 'pack') throw new Error('the listener fails');
      },
    });
    await expect(failure).rejects.toThrow('the listener fails');
    await expectNoPrograms();
    expect(await stage.target.refs()).toEqual(new Map());
  });
});

/** Temporary files and quarantine folders in the target's object store. */
async function leftovers(stage: Stage): Promise<readonly string[]> {
  const names = await readdir(join(stage.target.path, 'objects'), { recursive: true });
  return names.filter((name) => /tmp_|incoming-/.test(name));
}
