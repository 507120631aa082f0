import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import type { ByteStream } from '../core/byte-stream.ts';
import { teeStream } from './tee-stream.ts';

const chunkBytes = 64 * 1024;

interface Source {
  readonly stream: ByteStream;
  /** Chunks given so far. */
  given: number;
  isReleased: boolean;
}

/** `count` chunks of 64 KiB, each with its number in front. */
function makeSource(count: number, failAt = Infinity): Source {
  const source: Source = { stream: give(), given: 0, isReleased: false };
  async function* give(): AsyncGenerator<Uint8Array, void, void> {
    try {
      for (let number = 0; number < count; number += 1) {
        if (number === failAt) throw new Error('the source fails');
        source.given += 1;
        yield new Uint8Array(chunkBytes).fill(number % 256);
      }
    } finally {
      source.isReleased = true;
    }
  }
  return source;
}

async function drain(stream: ByteStream | undefined, pauseMs = 0): Promise<number> {
  let chunks = 0;
  for await (const chunk of stream ?? []) {
    if (chunk[0] !== chunks % 256) throw new Error(`chunk ${String(chunks)} is not what it should be`);
    chunks += 1;
    if (pauseMs > 0) await delay(pauseMs);
  }
  return chunks;
}

describe('teeStream', () => {
  test('all consumers get all chunks, the same ones, in order', async () => {
    const source = makeSource(200);
    const branches = teeStream(source.stream, 3, 1000);
    expect(await Promise.all(branches.map(({ stream }) => drain(stream)))).toEqual([200, 200, 200]);
    expect(source.isReleased).toBe(true);
    const again = teeStream(makeSource(1).stream, 2, 1000);
    const chunks = await Promise.all(
      again.map(async ({ stream }) => (await stream[Symbol.asyncIterator]().next()).value as Uint8Array),
    );
    expect(chunks[0]).toBe(chunks[1]);
  });

  test('nothing is read before anybody asks', async () => {
    const source = makeSource(10);
    teeStream(source.stream, 2, 1000);
    await delay(20);
    expect(source.given).toBe(0);
  });

  test('the slowest sets the pace: little is held for it', async () => {
    const source = makeSource(400);
    const [fast, slow] = teeStream(source.stream, 2, 60_000);
    const fastDone = drain(fast?.stream);
    const iterator = slow?.stream[Symbol.asyncIterator]();
    await iterator?.next();
    await delay(100);
    // 4 MiB behind are 64 chunks.
    expect(source.given).toBeLessThan(70);
    while ((await iterator?.next())?.done !== true);
    expect(await fastDone).toBe(400);
  });

  test('one that holds the others up too long is put off, and the others go on', async () => {
    const source = makeSource(300);
    const [fast, slow] = teeStream(source.stream, 2, 100);
    const iterator = slow?.stream[Symbol.asyncIterator]();
    await iterator?.next();
    expect(await drain(fast?.stream)).toBe(300);
    expect(slow?.dropped.aborted).toBe(true);
    expect(slow?.dropped.reason).toMatchObject({ code: 'GM_TIMEOUT', details: { putOff: true } });
    await expect(iterator?.next()).rejects.toBe(slow?.dropped.reason);
    expect(fast?.dropped.aborted).toBe(false);
  });

  test('a consumer that has not even begun is put off too', async () => {
    const source = makeSource(300);
    const [fast, idle] = teeStream(source.stream, 2, 100);
    expect(await drain(fast?.stream)).toBe(300);
    await expect(drain(idle?.stream)).rejects.toMatchObject({ details: { putOff: true } });
  });

  test('when all are slow nobody is put off', async () => {
    const source = makeSource(150);
    const branches = teeStream(source.stream, 2, 50);
    const iterators = branches.map(({ stream }) => stream[Symbol.asyncIterator]());
    await Promise.all(iterators.map((iterator) => iterator.next()));
    await delay(400);
    await Promise.all(
      iterators.map(async (iterator) => {
        while ((await iterator.next()).done !== true);
      }),
    );
    expect(branches.map(({ dropped }) => dropped.aborted)).toEqual([false, false]);
  });

  test('one that has caught up is not held to account for earlier', async () => {
    const source = makeSource(400);
    const [fast, uneven] = teeStream(source.stream, 2, 800);
    const done = drain(fast?.stream);
    let chunks = 0;
    for await (const chunk of uneven?.stream ?? []) {
      expect(chunk.length).toBe(chunkBytes);
      chunks += 1;
      if (chunks % 100 === 0) await delay(300);
    }
    expect([await done, chunks]).toEqual([400, 400]);
  });

  test('one that leaves is out, by ending its loop or by saying so', async () => {
    const source = makeSource(300);
    const [first, second, third] = teeStream(source.stream, 3, 60_000);
    third?.leave();
    const taken: number[] = [];
    const leaves = (async () => {
      for await (const chunk of second?.stream ?? []) {
        taken.push(chunk[0] ?? -1);
        if (taken.length === 2) break;
      }
    })();
    expect(await drain(first?.stream)).toBe(300);
    await leaves;
    expect(taken).toEqual([0, 1]);
  });

  test('when all have left, the source is released', async () => {
    const source = makeSource(1000);
    const branches = teeStream(source.stream, 2, 60_000);
    await Promise.all(
      branches.map(async ({ stream }) => {
        const iterator = stream[Symbol.asyncIterator]();
        await iterator.next();
        await iterator.return?.();
      }),
    );
    for (let tries = 0; !source.isReleased && tries < 50; tries += 1) await delay(10);
    expect(source.isReleased).toBe(true);
    expect(source.given).toBeLessThan(70);
  });

  test('an error of the source reaches every consumer, after what came before it', async () => {
    const source = makeSource(10, 5);
    const [first, second] = teeStream(source.stream, 2, 1000);
    const take = async (stream: ByteStream | undefined): Promise<number> => {
      let chunks = 0;
      try {
        const iterator = stream?.[Symbol.asyncIterator]();
        while ((await iterator?.next())?.done !== true) chunks += 1;
      } catch (error) {
        expect(error).toMatchObject({ message: 'the source fails' });
        return chunks;
      }
      throw new Error('no error came');
    };
    expect(await Promise.all([take(first?.stream), take(second?.stream)])).toEqual([5, 5]);
  });
});
