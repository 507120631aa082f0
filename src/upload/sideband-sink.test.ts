import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { concatBytes } from '../core/bytes.ts';
import { SidebandDecoder } from '../wire/sideband.ts';
import { SidebandSink } from './sideband-sink.ts';

function collect(): { readonly chunks: Uint8Array[]; readonly sink: { write(bytes: Uint8Array): undefined } } {
  const chunks: Uint8Array[] = [];
  return {
    chunks,
    sink: {
      write: (bytes) => {
        chunks.push(bytes.slice());
        return undefined;
      },
    },
  };
}

describe('SidebandSink', () => {
  it.each([1000, 65_520] as const)('frames whatever is written in packets of at most %i bytes', async (max) => {
    const pieces = fc.array(fc.uint8Array({ maxLength: 3000 }), { maxLength: 60 });
    await fc.assert(
      fc.asyncProperty(pieces, async (parts) => {
        const { chunks, sink } = collect();
        const band = new SidebandSink(sink, max);
        for (const [index, part] of parts.entries()) {
          await band.write(part);
          if (index % 7 === 3) band.message(2, `at ${String(index)}\n`);
        }
        await band.end(true);
        const decoder = new SidebandDecoder({ maxPacketBytes: max });
        const data = chunks.flatMap((chunk) => decoder.push(chunk));
        expect(decoder.done).toBe(true);
        expect(Buffer.from(concatBytes(data))).toEqual(Buffer.concat(parts));
        expect(decoder.takeMessages()).toHaveLength(parts.filter((_, index) => index % 7 === 3).length);
      }),
      { numRuns: 40 },
    );
  });

  it('fills its packets and batches', async () => {
    const { chunks, sink } = collect();
    const band = new SidebandSink(sink, 65_520);
    for (let at = 0; at < 100; at += 1) await band.write(new Uint8Array(6551));
    await band.end(true);
    expect(chunks.map((chunk) => chunk.length)).toEqual([...Array<number>(9).fill(65_520), 65_470, 4]);
    expect(Buffer.from(chunks[0]?.subarray(0, 5) ?? []).toString('latin1')).toBe('fff0\u0001');
  });

  it('passes on everything as it is without bands, and no messages', async () => {
    const { chunks, sink } = collect();
    const band = new SidebandSink(sink, 0);
    await band.write(Buffer.from('PACK'));
    band.message(2, 'progress');
    band.keepAlive();
    await band.end(true);
    expect(Buffer.concat(chunks).toString()).toBe('PACK');
  });

  it('keeps alive with what it holds back, or with an empty packet', async () => {
    const { chunks, sink } = collect();
    const band = new SidebandSink(sink, 65_520);
    band.keepAlive();
    await band.write(Buffer.from('abc'));
    band.keepAlive();
    expect(Buffer.concat(chunks).toString()).toBe('0005\u00010008\u0001abc');
  });

  it('lets the writer wait for a slow reader, and fails with the reader', async () => {
    const gate = Promise.withResolvers<undefined>();
    const band = new SidebandSink({ write: () => gate.promise }, 65_520);
    const waiting = band.write(new Uint8Array(70_000));
    expect(waiting).toBeInstanceOf(Promise);
    band.keepAlive();
    gate.reject(new Error('gone'));
    await expect(waiting).rejects.toThrow('gone');
  });
});
