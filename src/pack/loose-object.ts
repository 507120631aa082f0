import { createDeflate, deflateSync } from 'node:zlib';
import type { Hash } from 'node:crypto';
import { once } from 'node:events';
import type { ByteStream } from '../core/byte-stream.ts';
import { GitMirrorError } from '../core/error.ts';
import { formatOf, type ObjectId } from '../core/object-id.ts';
import { inflateStatus } from '../kernel/inflate-state.ts';
import { Inflater, outputSlackBytes, windowBytes } from '../kernel/inflate.ts';
import { createObjectHash } from '../objects/hash-object.ts';
import { isObjectType, type ObjectType } from '../objects/object-type.ts';
import { ScratchFile } from './scratch-file.ts';

const pieceBytes = 64 * 1024;
/** `commit 9007199254740991` and its NUL fit in. */
const maxHeaderBytes = 32;
/** Larger contents are compressed as they come, by a zlib stream of its own. */
const oneCallBytes = 1024 * 1024;

/** A loose object, its content compressed again without the header, as a pack wants it. The caller closes `deflated`. */
export interface LooseObject {
  readonly type: ObjectType;
  readonly size: number;
  readonly deflated: ScratchFile;
}

/**
 * Reads the file of a loose object (gitformat-loose) as it comes, checks its name, and compresses the content for a
 * pack. Memory is bounded whatever its size.
 *
 * @throws GitMirrorError `GM_CORRUPT` naming the object when it is damaged or has another name; `GM_LIMIT` over
 * `maxBytes` compressed bytes; `GM_SYSTEM` when it cannot be written.
 */
export async function readLooseObject(
  oid: ObjectId,
  zlibStream: ByteStream,
  options: { readonly dir: string; readonly maxBytes: number; readonly signal: AbortSignal | undefined },
): Promise<LooseObject> {
  const content = new LooseContent(oid);
  const deflated = new ScratchFile({ dir: options.dir });
  let recompressor: Recompressor | undefined;
  try {
    for await (const piece of inflateStream(oid, zlibStream)) {
      options.signal?.throwIfAborted();
      const part = content.push(piece);
      if (part.length === 0) continue;
      recompressor ??= new Recompressor(content.size, deflated);
      await recompressor.write(part);
      if (deflated.size > options.maxBytes) {
        throw new GitMirrorError('GM_LIMIT', `Storing object ${oid}: it is larger than what is left for objects.`, {
          details: { limit: 'maxBytes', oid, bytes: deflated.size },
        });
      }
    }
    const type = content.finish();
    await (recompressor ?? new Recompressor(0, deflated)).finish();
    return { type, size: content.size, deflated };
  } catch (error) {
    recompressor?.stop();
    deflated.close();
    throw error;
  }
}

/** The content of one zlib stream, in pieces that are borrowed until the next one is asked for. */
async function* inflateStream(oid: ObjectId, stream: ByteStream): AsyncGenerator<Uint8Array, void, void> {
  const inflater = new Inflater();
  const window = new Uint8Array(windowBytes + pieceBytes + outputSlackBytes);
  inflater.output = window;
  inflater.outputLimit = windowBytes + pieceBytes;
  let left: Uint8Array = new Uint8Array(0);
  let start = 0;
  let isDone = false;
  for await (const chunk of stream) {
    if (isDone && chunk.length > 0) throw corrupt(oid, 'bytes follow its end');
    inflater.input = left.length === 0 ? chunk : Buffer.concat([left, chunk]);
    inflater.inputPosition = 0;
    inflater.inputEnd = inflater.input.length;
    for (let wantsInput = isDone; !wantsInput;) {
      if (inflater.outputPosition >= inflater.outputLimit) {
        window.copyWithin(0, inflater.outputPosition - windowBytes, inflater.outputPosition);
        inflater.outputPosition = windowBytes;
        start = windowBytes;
      }
      const status = inflater.run();
      if (status === inflateStatus.corrupt) throw corrupt(oid, inflater.problem);
      if (inflater.outputPosition > start) yield window.subarray(start, inflater.outputPosition);
      start = inflater.outputPosition;
      isDone = status === inflateStatus.done;
      wantsInput = isDone || status === inflateStatus.needInput;
    }
    left = new Uint8Array(inflater.input.subarray(inflater.inputPosition, inflater.inputEnd));
    if (isDone && left.length > 0) throw corrupt(oid, 'bytes follow its end');
  }
  if (!isDone) throw corrupt(oid, 'it is cut off');
}

/** Splits off the header, counts and hashes. */
class LooseContent {
  readonly #oid: ObjectId;
  #head = '';
  #type: ObjectType | undefined;
  #hash: Hash | undefined;
  #seen = 0;
  size = 0;

  constructor(oid: ObjectId) {
    this.#oid = oid;
  }

  /** The part of `piece` that is content: a view. */
  push(piece: Uint8Array): Uint8Array {
    let part = piece;
    if (this.#hash === undefined) {
      const end = piece.subarray(0, maxHeaderBytes).indexOf(0);
      this.#head += Buffer.from(piece.subarray(0, end < 0 ? maxHeaderBytes : end)).toString('latin1');
      if (this.#head.length > maxHeaderBytes) throw corrupt(this.#oid, 'its header is malformed');
      if (end < 0) return piece.subarray(piece.length);
      this.#begin();
      part = piece.subarray(end + 1);
    }
    this.#seen += part.length;
    if (this.#seen > this.size) throw corrupt(this.#oid, 'it is not as large as it states');
    this.#hash?.update(part);
    return part;
  }

  finish(): ObjectType {
    if (this.#type === undefined) throw corrupt(this.#oid, 'its header is malformed');
    if (this.#seen !== this.size) throw corrupt(this.#oid, 'it is not as large as it states');
    if (this.#hash?.digest('hex') !== this.#oid) throw corrupt(this.#oid, 'its content has another name');
    return this.#type;
  }

  #begin(): void {
    const match = /^([a-z]+) (0|[1-9][0-9]{0,14})$/.exec(this.#head);
    const type = match?.[1] ?? '';
    if (!isObjectType(type)) throw corrupt(this.#oid, 'its header is malformed');
    this.#type = type;
    this.size = Number(match?.[2]);
    this.#hash = createObjectHash(type, this.size, formatOf(this.#oid));
  }
}

/** Compresses content into a scratch file: in one call when it is small, which is much faster for many small objects. */
class Recompressor {
  readonly #target: ScratchFile;
  readonly #collected: Uint8Array[] | undefined;
  readonly #stream: ReturnType<typeof createDeflate> | undefined;
  #failure: Error | undefined;

  constructor(size: number, target: ScratchFile) {
    this.#target = target;
    if (size <= oneCallBytes) {
      this.#collected = [];
      return;
    }
    const stream = createDeflate();
    stream.on('data', (bytes: Uint8Array) => {
      try {
        target.append(bytes);
      } catch (error) {
        this.#failure = error instanceof Error ? error : new Error(String(error));
        stream.destroy();
      }
    });
    stream.on('error', (error) => {
      this.#failure ??= error;
    });
    this.#stream = stream;
  }

  /** Takes a copy of `part`. */
  async write(part: Uint8Array): Promise<void> {
    if (this.#collected !== undefined) {
      this.#collected.push(new Uint8Array(part));
      return;
    }
    await new Promise<void>((resolve) => {
      // The callback comes when zlib has taken the bytes, or never will.
      this.#stream?.write(new Uint8Array(part), () => {
        resolve();
      });
    });
    if (this.#failure !== undefined) throw this.#failure;
  }

  async finish(): Promise<void> {
    if (this.#collected !== undefined) {
      this.#target.append(deflateSync(Buffer.concat(this.#collected)));
      return;
    }
    this.#stream?.end();
    if (this.#stream?.readableEnded === false && this.#failure === undefined) {
      await Promise.race([once(this.#stream, 'end'), once(this.#stream, 'close')]);
    }
    if (this.#failure !== undefined) throw this.#failure;
  }

  stop(): void {
    this.#stream?.destroy();
  }
}

function corrupt(oid: ObjectId, problem: string): GitMirrorError {
  return new GitMirrorError('GM_CORRUPT', `Reading loose object ${oid}: ${problem}.`, { details: { oid } });
}
