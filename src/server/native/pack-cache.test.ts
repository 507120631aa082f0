import { readdirSync } from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ByteSink } from '../../core/byte-sink.ts';
import { concatBytes } from '../../core/bytes.ts';
import { GitMirrorError } from '../../core/error.ts';
import type { PackBuild } from '../../packing/pack-cache.ts';
import type { PackStatistics } from '../../packing/pack-request.ts';
import { makePackFolder, type PackFolder } from './pack-folder.ts';
import { PackLedger } from './pack-ledger.ts';
import { WorkerPackCache } from './worker-pack-cache.ts';

const content = Uint8Array.from({ length: 700_000 }, (_, index) => (index * 7) % 256);
const statistics = { objects: 3, bytes: content.length } as PackStatistics;
const never = new AbortController().signal;

class CollectingSink implements ByteSink {
  readonly chunks: Uint8Array[] = [];
  write(bytes: Uint8Array): undefined {
    this.chunks.push(bytes.slice());
  }
  get bytes(): Uint8Array {
    return concatBytes(this.chunks);
  }
}

/** Several workers and the ledger between them, messages arriving late as they do between threads. */
function connect(dir: string, maxBytes: number, workers: number): { caches: WorkerPackCache[]; ledger: PackLedger } {
  const later = (work: () => void): void => {
    void setImmediate().then(work);
  };
  const caches: WorkerPackCache[] = [];
  const ledger = new PackLedger(dir, maxBytes, {
    onState: (worker, id, state) => {
      later(() => caches[worker]?.receive(id, state));
    },
    onUnwanted: (worker, id) => {
      later(() => caches[worker]?.stop(id));
    },
  });
  for (let worker = 0; worker < workers; worker++) {
    caches.push(
      new WorkerPackCache({
        claim: async (key) => {
          await setImmediate();
          return ledger.claim(worker, key);
        },
        leave: (id) => {
          later(() => {
            ledger.leave(worker, id);
          });
        },
        update: (id, state) => {
          later(() => {
            ledger.update(worker, id, state);
          });
        },
      }),
    );
  }
  return { caches, ledger };
}

let folder: PackFolder;
beforeEach(() => {
  folder = makePackFolder('/tmp');
});
afterEach(() => {
  folder.remove();
});

/** A build that writes `content` in pieces, with turns for others in between. */
function slowBuild(onBegin: () => void): PackBuild {
  return async (sink, signal) => {
    onBegin();
    for (let at = 0; at < content.length; at += 100_000) {
      await setImmediate();
      signal.throwIfAborted();
      const room = sink.write(content.subarray(at, at + 100_000));
      if (room !== undefined) await room;
    }
    return statistics;
  };
}

describe('the cache of packs', () => {
  it('makes a pack once for all who want it at the same time, and for those who come later', async () => {
    const { caches } = connect(folder.dir, 10_000_000, 3);
    let builds = 0;
    const build = slowBuild(() => builds++);
    const fetch = async (worker: number): Promise<string> => {
      const sink = new CollectingSink();
      const delivered = await caches[worker]?.forExchange().deliver('key', sink, never, build);
      expect(sink.bytes).toEqual(content);
      expect(delivered?.statistics).toEqual(statistics);
      return delivered?.outcome ?? '';
    };
    expect((await Promise.all([fetch(0), fetch(1), fetch(2), fetch(0)])).sort()).toEqual([
      'miss',
      'shared',
      'shared',
      'shared',
    ]);
    expect(await fetch(1)).toBe('hit');
    expect(builds).toBe(1);
  });

  it('goes on making a pack when the client it was begun for leaves and another one waits', async () => {
    const { caches } = connect(folder.dir, 10_000_000, 2);
    const first = new AbortController();
    const leaving = caches[0]?.forExchange();
    const build: PackBuild = async (sink, signal) => {
      first.abort(new Error('gone'));
      return slowBuild(() => undefined)(sink, signal);
    };
    const left = leaving?.deliver('key', new CollectingSink(), first.signal, build);
    const sink = new CollectingSink();
    const stays = caches[1]?.forExchange().deliver('key', sink, never, build);
    await expect(left).rejects.toThrow('gone');
    await stays;
    expect(sink.bytes).toEqual(content);
    await leaving?.settled();
  });

  it('stops making a pack that nobody wants any longer', async () => {
    const { caches, ledger } = connect(folder.dir, 10_000_000, 1);
    const client = new AbortController();
    let wasStopped = false;
    const exchange = caches[0]?.forExchange();
    const delivery = exchange?.deliver('key', new CollectingSink(), client.signal, async (sink, signal) => {
      client.abort(new Error('gone'));
      try {
        for (;;) {
          await setImmediate();
          signal.throwIfAborted();
        }
      } finally {
        wasStopped = true;
      }
    });
    await expect(delivery).rejects.toThrow('gone');
    await exchange?.settled();
    expect(wasStopped).toBe(true);
    await setImmediate();
    expect(ledger.bytes).toBe(0);
    expect(readdirSync(folder.dir)).toEqual([]);
  });

  it('tells all who wait when a pack cannot be made, and tries again for the next one', async () => {
    const { caches } = connect(folder.dir, 10_000_000, 2);
    const broken: PackBuild = async () => {
      await setImmediate();
      throw new GitMirrorError('GM_CORRUPT', 'an object is damaged');
    };
    const both = caches.map((cache) => cache.forExchange().deliver('key', new CollectingSink(), never, broken));
    for (const result of await Promise.allSettled(both)) {
      expect(result).toMatchObject({ status: 'rejected', reason: { code: 'GM_CORRUPT' } });
    }
    await setImmediate();
    const sink = new CollectingSink();
    await caches[0]?.forExchange().deliver(
      'key',
      sink,
      never,
      slowBuild(() => undefined),
    );
    expect(sink.bytes).toEqual(content);
  });

  it('does without when the folder cannot be written to', async () => {
    const { caches } = connect(`${folder.dir}/missing`, 10_000_000, 1);
    const sink = new CollectingSink();
    const build = slowBuild(() => undefined);
    const delivered = await caches[0]?.forExchange().deliver('key', sink, never, build);
    expect(delivered?.outcome).toBe('miss');
    expect(sink.bytes).toEqual(content);
  });

  it('drops what was used longest ago when there is more than it may keep', async () => {
    const { caches, ledger } = connect(folder.dir, 1_500_000, 1);
    for (const key of ['a', 'b', 'a', 'c']) {
      await caches[0]?.forExchange().deliver(
        key,
        new CollectingSink(),
        never,
        slowBuild(() => undefined),
      );
      await setImmediate();
    }
    expect(ledger.bytes).toBe(1_400_000);
    const outcome = async (key: string): Promise<string | undefined> =>
      (
        await caches[0]?.forExchange().deliver(
          key,
          new CollectingSink(),
          never,
          slowBuild(() => undefined),
        )
      )?.outcome;
    expect(await outcome('a')).toBe('hit');
    expect(await outcome('b')).toBe('miss');
  });

  it('fails what a thread was making when that thread is lost', async () => {
    const { caches, ledger } = connect(folder.dir, 10_000_000, 2);
    const hanging: PackBuild = () => new Promise(() => undefined);
    const lost = caches[0]?.forExchange().deliver('key', new CollectingSink(), never, hanging);
    await setImmediate();
    await setImmediate();
    const waiting = caches[1]?.forExchange().deliver('key', new CollectingSink(), never, hanging);
    await setImmediate();
    await setImmediate();
    ledger.lose(0, { code: 'GM_INTERNAL', message: 'lost', details: {}, stack: undefined });
    for (const delivery of [lost, waiting]) await expect(delivery).rejects.toMatchObject({ code: 'GM_INTERNAL' });
  });
});
