import type { ByteStream } from '../core/byte-stream.ts';
import type { ProgressEvent, ProgressPhase } from './progress.ts';
import type { SideThroughput } from './result.ts';

const byteEventIntervalMs = 100;

interface Side {
  bytes: number;
  activeMs: number;
  reportedAt: number;
}

/** Passes on what a run is doing, and sums up how fast pack bytes went on each side. */
export class ProgressReporter {
  readonly #onProgress: ((event: ProgressEvent) => void) | undefined;
  readonly #sides = new Map<string, Side>();

  constructor(onProgress: ((event: ProgressEvent) => void) | undefined) {
    this.#onProgress = onProgress;
  }

  /** Whether anybody wants to know; the remotes are asked for progress lines only then. */
  get listens(): boolean {
    return this.#onProgress !== undefined;
  }

  /** One entry per side that moved pack bytes, the source first. */
  get throughput(): readonly SideThroughput[] {
    // A target pulls before the source gives, so that it comes first in the map.
    const sides = [...this.#sides].sort(([left], [right]) => Number(right === 'source') - Number(left === 'source'));
    return sides.map(([label, { bytes, activeMs }]) => ({
      label,
      bytes,
      activeMs: Math.round(activeMs),
      bytesPerSecond: rate(bytes, activeMs),
    }));
  }

  emit(event: ProgressEvent): void {
    this.#onProgress?.(event);
  }

  phase(phase: ProgressPhase, message: string): void {
    this.emit({ type: 'phase', phase, message });
  }

  /** A listener for the lines that a side prints; undefined when nobody wants to know. */
  messagesOf(side: string): ((line: string) => void) | undefined {
    if (!this.listens) return undefined;
    return (line) => {
      this.emit({ type: 'remote', side, line });
    };
  }

  /**
   * Counts the chunks of `stream` for `side`. For the source, active time is the time spent waiting for chunks; for a
   * target (`outgoing`), the time between handing a chunk over and being asked for the next.
   */
  async *count(stream: ByteStream, side: string, outgoing: boolean): AsyncGenerator<Uint8Array, void, void> {
    const state = this.#sides.get(side) ?? { bytes: 0, activeMs: 0, reportedAt: 0 };
    this.#sides.set(side, state);
    let mark = performance.now();
    try {
      for await (const chunk of stream) {
        const arrived = performance.now();
        if (!outgoing) state.activeMs += arrived - mark;
        if (!outgoing) this.#addBytes(side, state, chunk.length, arrived);
        yield chunk;
        mark = performance.now();
        if (outgoing) state.activeMs += mark - arrived;
        if (outgoing) this.#addBytes(side, state, chunk.length, mark);
      }
    } finally {
      this.#report(side, state);
    }
  }

  #addBytes(side: string, state: Side, bytes: number, now: number): void {
    state.bytes += bytes;
    if (now - state.reportedAt < byteEventIntervalMs) return;
    state.reportedAt = now;
    this.#report(side, state);
  }

  #report(side: string, { bytes, activeMs }: Side): void {
    this.emit({ type: 'bytes', side, bytes, bytesPerSecond: rate(bytes, activeMs) });
  }
}

function rate(bytes: number, activeMs: number): number {
  return activeMs <= 0 ? 0 : Math.round((bytes * 1000) / activeMs);
}
