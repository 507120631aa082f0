import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { streamOf, type ByteStream } from '../core/byte-stream.ts';
import { ProgressReporter } from './progress-reporter.ts';
import type { ProgressEvent } from './progress.ts';

async function drain(stream: ByteStream, pauseMs = 0): Promise<void> {
  const iterator = stream[Symbol.asyncIterator]();
  while ((await iterator.next()).done !== true) await delay(pauseMs);
}

function chunks(count: number): readonly Uint8Array[] {
  return Array.from({ length: count }, () => new Uint8Array(1000));
}

describe('ProgressReporter', () => {
  test('with nobody listening, nobody need be asked for messages', () => {
    expect(new ProgressReporter(undefined).messagesOf('source')).toBeUndefined();
    const events: ProgressEvent[] = [];
    new ProgressReporter((event) => events.push(event)).messagesOf('source')?.('Counting objects');
    expect(events).toEqual([{ type: 'remote', side: 'source', line: 'Counting objects' }]);
  });

  test('bytes are counted in sum, several streams of a side together, and told at most every 100 ms', async () => {
    const events: ProgressEvent[] = [];
    const progress = new ProgressReporter((event) => events.push(event));
    await drain(progress.count(streamOf(...chunks(50)), 'source', false));
    await drain(progress.count(streamOf(...chunks(50)), 'source', false));
    expect(progress.throughput).toMatchObject([{ label: 'source', bytes: 100_000 }]);
    expect(events.length).toBeLessThan(8);
    expect(events.at(-1)).toMatchObject({ type: 'bytes', side: 'source', bytes: 100_000 });
  });

  test('the source comes first, and waiting for a slow target is no time of the source', async () => {
    const progress = new ProgressReporter(undefined);
    const fromSource = progress.count(streamOf(...chunks(10)), 'source', false);
    await drain(progress.count(fromSource, 'https://example.com/b.git', true), 10);
    const [source, target] = progress.throughput;
    expect([source?.label, target?.label]).toEqual(['source', 'https://example.com/b.git']);
    expect([source?.bytes, target?.bytes]).toEqual([10_000, 10_000]);
    expect(source?.activeMs).toBeLessThan(50);
    expect(target?.activeMs).toBeGreaterThan(80);
  });

  test('chunks pass through as they are, and leaving early releases what is behind', async () => {
    let released = false;
    const progress = new ProgressReporter(undefined);
    const chunk = new Uint8Array(5);
    async function* give(): AsyncGenerator<Uint8Array, void, void> {
      try {
        yield chunk;
        yield chunk;
      } finally {
        released = true;
      }
    }
    for await (const given of progress.count(give(), 'source', false)) {
      expect(given).toBe(chunk);
      break;
    }
    expect(released).toBe(true);
  });
});
