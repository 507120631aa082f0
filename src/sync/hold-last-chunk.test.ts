import { expect, test } from 'vitest';
import { streamOf } from '../core/byte-stream.ts';
import { holdLastChunk } from './hold-last-chunk.ts';

const bytes = (...values: readonly number[]): Uint8Array => Uint8Array.from(values);

async function collect(stream: AsyncIterable<Uint8Array>, into: Uint8Array[]): Promise<void> {
  for await (const chunk of stream) into.push(chunk);
}

test('gives every chunk, in order and as it is', async () => {
  const chunks = [bytes(1), bytes(2, 3), bytes(4)];
  const given: Uint8Array[] = [];
  await collect(holdLastChunk(streamOf(...chunks)), given);
  expect(given).toEqual(chunks);
  expect(given[1]).toBe(chunks[1]);
});

test('gives nothing of an empty stream', async () => {
  const given: Uint8Array[] = [];
  await collect(holdLastChunk(streamOf()), given);
  expect(given).toEqual([]);
});

test('never gives the last chunk of a stream that fails, empty chunks aside', async () => {
  async function* failing(): AsyncGenerator<Uint8Array, void, void> {
    yield bytes(1);
    yield bytes(2);
    yield bytes();
    throw new Error('cut off');
  }
  const given: Uint8Array[] = [];
  await expect(collect(holdLastChunk(failing()), given)).rejects.toThrow('cut off');
  expect(given).toEqual([bytes(1)]);
});

test('releases the stream when it is left', async () => {
  let released = false;
  async function* endless(): AsyncGenerator<Uint8Array, void, void> {
    try {
      for (;;) yield bytes(1);
    } finally {
      released = true;
    }
  }
  for await (const chunk of holdLastChunk(endless())) {
    expect(chunk).toEqual(bytes(1));
    break;
  }
  expect(released).toBe(true);
});
