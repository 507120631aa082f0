import type { PackSource } from '../client/pack-source.ts';
import { tapStream, type ByteStream } from '../core/byte-stream.ts';
import { GitMirrorError, isGitMirrorError } from '../core/error.ts';
import { PackHeaderReader } from '../pack/pack-header.ts';
import type { RefCommand } from '../wire/update-request.ts';
import { openPack, type Need } from './relay.ts';
import type { RunContext } from './run-context.ts';
import type { TargetRun } from './target-run.ts';

/** One push of a batched bootstrap. */
export interface Batch {
  readonly need: Need;
  readonly commands: readonly RefCommand[];
  readonly limitBytes: number;
  /** Whether a pack of so many objects need not even be tried. */
  readonly isHopeless: (objects: number) => boolean;
}

/** Whether the push went through or was too large for the target. Every other failure is thrown. */
export type BatchOutcome =
  | { readonly tooLarge: false; readonly objects: number; readonly bytes: number }
  /** `refusedAtBytes`: how much had been sent when the target itself refused, unless a limit of this side did. */
  | { readonly tooLarge: true; readonly refusedAtBytes: number | undefined };

/** Relays one pack into one push, unless its header already shows that the target would not take it. */
export async function sendBatch(
  source: PackSource,
  run: TargetRun,
  context: RunContext,
  batch: Batch,
): Promise<BatchOutcome> {
  if (batch.need.wants.length === 0) {
    await run.push(batch.commands);
    return { tooLarge: false, objects: 0, bytes: 0 };
  }
  const pack = await openPack(source, batch.need, run.session.takesOfsDelta, context, batch.limitBytes);
  let opened: OpenedPack | undefined;
  let bytes = 0;
  try {
    opened = await peekHeader(pack);
    if (batch.isHopeless(opened.objects)) {
      await opened.release();
      return { tooLarge: true, refusedAtBytes: undefined };
    }
    const counted = tapStream(opened.stream, (count) => {
      bytes += count;
    });
    await run.push(batch.commands, context.progress.count(counted, run.url, true));
  } catch (error) {
    await opened?.release();
    if (!isTooLarge(error)) throw error;
    // The chunk with the header may be over the limit by itself: then nothing has been pushed yet.
    if (opened !== undefined) await run.session.refresh();
    return { tooLarge: true, refusedAtBytes: isGitMirrorError(error, 'GM_LIMIT') ? undefined : bytes };
  }
  return { tooLarge: false, objects: opened.objects, bytes };
}

/** Whether `error` says that a smaller push might go through: our own limit, 413, or a request that took too long. */
export function isTooLarge(error: unknown): boolean {
  if (!isGitMirrorError(error)) return false;
  if (error.code === 'GM_LIMIT') return error.details['limit'] === 'maxPackBytes';
  return error.code === 'GM_TOO_LARGE' || (error.code === 'GM_TIMEOUT' && typeof error.details['status'] === 'number');
}

interface OpenedPack {
  readonly objects: number;
  readonly stream: ByteStream;
  release(): Promise<void>;
}

/** Reads up to the end of the pack's header; the stream gives all bytes, those included. */
async function peekHeader(pack: ByteStream): Promise<OpenedPack> {
  const chunks: Uint8Array[] = [];
  const iterator = pack[Symbol.asyncIterator]();
  const reader = new PackHeaderReader();
  while (reader.header === undefined) {
    const next = await iterator.next();
    if (next.done === true) throw new GitMirrorError('GM_CORRUPT', 'The pack ended within its header.');
    chunks.push(next.value);
    reader.push(next.value);
  }
  async function* replay(): AsyncGenerator<Uint8Array, void, void> {
    yield* chunks.splice(0);
    yield* { [Symbol.asyncIterator]: () => iterator };
  }
  return {
    objects: reader.header.objectCount,
    stream: replay(),
    release: async () => {
      await iterator.return?.();
    },
  };
}
