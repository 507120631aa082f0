import type { Readable, Writable } from 'node:stream';
import type { GitMirrorError } from '../core/error.ts';
import type { GitService } from './service-connection.ts';

/** Two-way bytes beneath a conversation: the pipes of a program, or a socket. */
export interface ByteChannel {
  /** The next chunk, owned by the caller; undefined at the end. Rejects when the channel breaks. */
  read(): Promise<Uint8Array | undefined>;
  /**
   * Hands `chunk` over and resolves when there is room for the next one: true, or false when the other side no longer
   * takes bytes. Why it does not is learnt by reading on, so this never rejects.
   */
  write(chunk: Uint8Array): Promise<boolean>;
  /** Shows the other side the end of its input, after all that was written; reading goes on. Only for what is whole. */
  endWriting(): void;
  /** Why the bytes ended, or undefined when they ended as they should. */
  explainEnd(end: ChannelEnd): Promise<GitMirrorError | undefined>;
  /**
   * Breaks off at once. What was written then stays unfinished: a receive-pack is shown the end of its input in the
   * middle of it, refuses it and removes what it has stored, which it would not do when it is killed.
   */
  abandon(): void;
  /** Ends the writing side, waits a bounded time for the other side, then breaks off. Never throws. */
  finish(): Promise<void>;
}

/** How a channel came to its end. */
export interface ChannelEnd {
  /** Whether the remote has said anything in the conversation. */
  readonly spoke: boolean;
  /** What `read` rejected with. */
  readonly cause?: unknown;
}

/** How long a remote that was shown the end of its input too early is given to clean up before it is ended by force. */
export const cleanUpMs = 2000;

/**
 * How long a remote is given to end by itself when all has been said. A receive-pack may then be running hooks and
 * maintenance, which Git itself waits for without a limit.
 */
export function finishGraceMs(service: GitService): number {
  return service === 'git-receive-pack' ? 60_000 : 2000;
}

/** A `read` for {@link ByteChannel} over a Node stream. */
export function readerOf(readable: Readable): () => Promise<Uint8Array | undefined> {
  const iterator = readable.iterator({ destroyOnReturn: false });
  return async () => {
    const next: IteratorResult<unknown, unknown> = await iterator.next();
    return next.done === true || !(next.value instanceof Uint8Array) ? undefined : next.value;
  };
}

/** A `write` for {@link ByteChannel} over a Node stream: at most its high-water mark is in memory. */
export function writerOf(writable: Writable): (chunk: Uint8Array) => Promise<boolean> {
  let broken = false;
  // A broken pipe is no news: what the other side said before it hung up is, and that is read elsewhere.
  writable.on('error', () => {
    broken = true;
  });
  return (chunk) => {
    if (broken || !writable.writable) return Promise.resolve(false);
    return new Promise((resolve) => {
      const hasRoom = writable.write(chunk, (error) => {
        resolve(error === null || error === undefined);
      });
      if (hasRoom) resolve(true);
    });
  };
}

/** Bytes that are still taken from a remote that is being ended politely, so that it can write its last words. */
const maxDiscardedBytes = 1024 * 1024;

/** Reads and drops what still comes. True when it came to an end, false when it was too much to wait for. Never throws. */
export async function discardRest(read: () => Promise<Uint8Array | undefined>): Promise<boolean> {
  try {
    for (let left = maxDiscardedBytes; left >= 0;) {
      const chunk = await read();
      if (chunk === undefined) return true;
      left -= chunk.length;
    }
    return false;
  } catch {
    return true;
  }
}

/** Resolves true when `promise` settles, or false when `ms` have passed first. */
export async function settlesWithin(promise: Promise<unknown>, ms: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<false>((resolve) => {
    timer = setTimeout(resolve, ms, false);
  });
  try {
    return await Promise.race([
      promise.then(
        () => true,
        () => true,
      ),
      timeout,
    ]);
  } finally {
    clearTimeout(timer);
  }
}
