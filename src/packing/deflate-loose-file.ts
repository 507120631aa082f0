import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { createDeflate, createInflate } from 'node:zlib';
import { GitMirrorError, messageOf } from '../core/error.ts';

/** The header of a loose object, `blob 9007199254740991` and its NUL, fits in. */
const maxHeaderBytes = 32;

/**
 * Inflates a loose object (gitformat-loose) and deflates its content again, without ever holding it: yields the zlib
 * stream of its entry in a pack. Chunks belong to the consumer.
 *
 * @throws GitMirrorError `GM_CORRUPT` when the file is damaged, or its content is not of `size` bytes; `GM_SYSTEM` when it
 * cannot be read; the reason of `signal`.
 */
export async function* deflateLooseFile(
  path: string,
  size: number,
  level: number,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array, void, void> {
  const deflate = createDeflate({ level });
  const running = pipeline(
    createReadStream(path),
    createInflate(),
    (inflated: AsyncIterable<Buffer>) => contentOf(inflated, size),
    deflate,
    { signal },
  ).catch((error: unknown) => error);
  try {
    for await (const chunk of deflate) yield chunk as Buffer;
  } catch (error) {
    signal.throwIfAborted();
    // The pipeline knows what went wrong first; what it destroys only says that it was destroyed.
    throw readable((await running) ?? error);
  }
}

/** What comes behind the header. */
async function* contentOf(inflated: AsyncIterable<Buffer>, size: number): AsyncGenerator<Buffer, void, void> {
  let head = Buffer.alloc(0);
  let isHeader = true;
  let bytes = 0;
  for await (const chunk of inflated) {
    let content = chunk;
    if (isHeader) {
      head = Buffer.concat([head, chunk]);
      const end = head.indexOf(0);
      if (end < 0 && head.length < maxHeaderBytes) continue;
      if (end < 0 || end >= maxHeaderBytes) throw corrupt('its header is malformed');
      isHeader = false;
      content = head.subarray(end + 1);
      head = Buffer.alloc(0);
    }
    bytes += content.length;
    if (bytes > size) throw corrupt('it is larger than it states');
    if (content.length > 0) yield content;
  }
  if (bytes !== size) throw corrupt('it is cut off');
}

function readable(error: unknown): unknown {
  if (error instanceof GitMirrorError) return error;
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  if (code.startsWith('Z_')) return corrupt('it cannot be inflated', error);
  return new GitMirrorError('GM_SYSTEM', `Reading a large loose object: ${messageOf(error)}.`, { cause: error });
}

function corrupt(problem: string, cause?: unknown): GitMirrorError {
  return new GitMirrorError('GM_CORRUPT', `Reading a large loose object: ${problem}.`, { cause });
}
