import { describe, expect, it } from 'vitest';
import { holdBody } from './replayable-body.ts';

function source(count: number, log: string[]): AsyncGenerator<Uint8Array, void, void> {
  return (async function* () {
    try {
      for (let index = 0; index < count; index += 1) {
        log.push(`chunk ${index}`);
        yield Buffer.alloc(10, index);
      }
    } finally {
      log.push('released');
    }
  })();
}

describe('a body that may have to be sent twice', () => {
  it('becomes one array when it is short', async () => {
    expect(await holdBody(source(3, []), 30)).toEqual(
      Uint8Array.from([0, 1, 2].flatMap((index) => Array<number>(10).fill(index))),
    );
    expect(await holdBody(source(0, []), 30)).toHaveLength(0);
  });

  it('is read no further than the limit when it is long, and is complete all the same', async () => {
    const log: string[] = [];
    const held = await holdBody(source(10, log), 30);
    expect(log).toHaveLength(4);
    const chunks: number[] = [];
    if (!(held instanceof Uint8Array)) for await (const chunk of held) chunks.push(chunk[0] ?? -1);
    expect(chunks).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(log.at(-1)).toBe('released');
  });

  it('is released when it is left in the middle', async () => {
    const log: string[] = [];
    const held = await holdBody(source(10, log), 30);
    if (!(held instanceof Uint8Array)) {
      for await (const chunk of held) {
        expect(chunk).toHaveLength(10);
        break;
      }
    }
    expect(log.at(-1)).toBe('released');
  });

  it('fails with its own error', async () => {
    const problem = new Error('broken');
    const failing = (async function* () {
      yield Buffer.alloc(1);
      throw problem;
    })();
    await expect(holdBody(failing, 30)).rejects.toBe(problem);
  });
});
