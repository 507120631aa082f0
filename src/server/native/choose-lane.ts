import type { ByteStream } from '../../core/byte-stream.ts';
import { concatBytes, decodeUtf8 } from '../../core/bytes.ts';
import type { Lane } from './worker-pool.ts';

/** Commands of protocol v2 that walk no history. */
const quickCommand = /^[0-9a-f]{4}command=(?:ls-refs|object-info|bundle-uri|mirrors|mirror-notify)(?:\n|$)/;
/** As much as it takes to tell the commands apart. */
const neededBytes = 32;

/** Which lane the request in `input` belongs to, and the input with nothing missing. */
export async function chooseLane(input: ByteStream): Promise<{ readonly lane: Lane; readonly input: ByteStream }> {
  const iterator = input[Symbol.asyncIterator]();
  const seen: Uint8Array[] = [];
  let bytes = 0;
  while (bytes < neededBytes) {
    const step = await iterator.next();
    if (step.done === true) break;
    seen.push(step.value);
    bytes += step.value.length;
  }
  const start = concatBytes(seen);
  const lane = quickCommand.test(decodeUtf8(start.subarray(0, neededBytes))) ? 'quick' : 'long';
  return { lane, input: resume(start, iterator) };
}

async function* resume(start: Uint8Array, rest: AsyncIterator<Uint8Array>): AsyncGenerator<Uint8Array, void, void> {
  try {
    if (start.length > 0) yield start;
    for (;;) {
      const step = await rest.next();
      if (step.done === true) return;
      yield step.value;
    }
  } finally {
    await rest.return?.();
  }
}
