import type { ByteStream } from '../core/byte-stream.ts';
import { GitMirrorError } from '../core/error.ts';

/** Bytes a branch may lie behind before the others wait for it. */
const maxBehindBytes = 4 * 1024 * 1024;
/** A branch that lies no further behind than this has caught up: what it held up before is forgotten. */
const caughtUpBytes = maxBehindBytes / 2;

/** One consumer's stream. It can be left before it was ever read, which closing an unread stream cannot do. */
export interface TeeBranch {
  readonly stream: ByteStream;
  /** Aborted when this consumer is put off: what it is busy sending may take long to notice the end of its stream. */
  readonly dropped: AbortSignal;
  /** This consumer is out. Safe to call at any time. */
  leave(): void;
}

interface Branch {
  readonly queue: Uint8Array[];
  queuedBytes: number;
  /** Since when this branch has held the others up without catching up; 0 when it does not. */
  slowSince: number;
  state: 'open' | 'left' | 'dropped';
  readonly dropper: AbortController;
  wake: () => void;
}

/**
 * The same chunks for `count` consumers; the chunks are shared, so nobody may write to them. The slowest sets the
 * pace, until it has held the others up for `slowMs`: then its stream throws `GM_TIMEOUT` with the detail
 * `putOff: true` and the others go on. A consumer that leaves its stream is out; when all are, `source` is released.
 * An error of `source` reaches every consumer.
 */
export function teeStream(source: ByteStream, count: number, slowMs: number): readonly TeeBranch[] {
  const branches: Branch[] = Array.from({ length: count }, () => ({
    queue: [],
    queuedBytes: 0,
    slowSince: 0,
    state: 'open',
    dropper: new AbortController(),
    wake: () => undefined,
  }));
  let ended: 'no' | 'whole' | { readonly error: unknown } = 'no';
  let wakePump: () => void = () => undefined;
  let started = false;

  const isOpen = (branch: Branch) => branch.state === 'open';
  const isFull = (branch: Branch) => isOpen(branch) && branch.queuedBytes >= maxBehindBytes;

  async function waitForRoom(): Promise<void> {
    while (branches.some(isFull)) {
      const others = branches.filter((branch) => isOpen(branch) && !isFull(branch));
      const now = performance.now();
      for (const branch of branches) {
        if (!isFull(branch) || others.length === 0) branch.slowSince = 0;
        else if (branch.slowSince === 0) branch.slowSince = now;
        else if (now - branch.slowSince >= slowMs) {
          branch.state = 'dropped';
          branch.queue.length = 0;
          branch.dropper.abort(putOffError(slowMs));
          branch.wake();
        }
      }
      if (!branches.some(isFull)) return;
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, Math.min(slowMs, 250));
        wakePump = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  async function pump(): Promise<void> {
    try {
      for await (const chunk of source) {
        for (const branch of branches.filter(isOpen)) {
          branch.queue.push(chunk);
          branch.queuedBytes += chunk.length;
          branch.wake();
        }
        await waitForRoom();
        if (!branches.some(isOpen)) break;
      }
      ended = 'whole';
    } catch (error) {
      ended = { error };
    }
    for (const branch of branches) branch.wake();
  }

  async function* read(branch: Branch): AsyncGenerator<Uint8Array, void, void> {
    if (!started) {
      started = true;
      void pump();
    }
    try {
      for (;;) {
        branch.dropper.signal.throwIfAborted();
        const chunk = branch.queue.shift();
        if (chunk !== undefined) {
          yield chunk;
          branch.queuedBytes -= chunk.length;
          if (branch.queuedBytes <= caughtUpBytes) branch.slowSince = 0;
          wakePump();
        } else if (ended === 'whole') return;
        else if (ended !== 'no') throw ended.error;
        else {
          await new Promise<void>((resolve) => {
            branch.wake = resolve;
          });
        }
      }
    } finally {
      leave(branch);
    }
  }

  function leave(branch: Branch): void {
    if (branch.state === 'open') branch.state = 'left';
    branch.queue.length = 0;
    wakePump();
  }

  return branches.map((branch) => ({
    stream: read(branch),
    dropped: branch.dropper.signal,
    leave: () => {
      leave(branch);
    },
  }));
}

function putOffError(slowMs: number): GitMirrorError {
  return new GitMirrorError(
    'GM_TIMEOUT',
    `The target held the others up for ${slowMs} ms and is tried again by itself.`,
    {
      details: { putOff: true },
    },
  );
}
