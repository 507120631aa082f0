import type { MirrorLimits } from '../mirror-candidate.ts';

/** What is seen of a fetch from outside. */
export interface Observation {
  readonly nowMs: number;
  /** Of the pack, as it lies on disk. */
  readonly bytes: number;
  /** When git last said something; undefined before the first word. */
  readonly lastWordMs: number | undefined;
  /** Whether everything has arrived: what is still done is done here. */
  readonly isComplete: boolean;
}

/** Git hands on a pack in pieces of this size at most: from one to the next nothing is seen of it. */
const pieceBytes = 65_520;
/** A server may talk about its preparations so many times as long as it may be silent at first. */
const preparationFactor = 10;

/**
 * Says when a mirror takes too long, is too slow or sends too much.
 *
 * It waits for the first word or byte; then, while the server prepares the pack, for each next word; from the first byte
 * of the pack on it counts bytes alone, since words are cheap.
 */
export class Watchdog {
  readonly #limits: MirrorLimits;
  readonly #startMs: number;
  /** Over how long the rate is taken: as long as two pieces may take. */
  readonly #windowMs: number;
  /** Bytes over the last `#windowMs`, the oldest first. */
  #window: { readonly atMs: number; readonly bytes: number }[] = [];

  constructor(limits: MirrorLimits, startMs: number) {
    this.#limits = limits;
    this.#startMs = startMs;
    this.#windowMs = Math.max(limits.stallMs, (2 * pieceBytes * 1000) / limits.minBytesPerSecond);
  }

  /** Why the mirror is to be left; undefined while there is no reason. */
  check({ nowMs, bytes, lastWordMs, isComplete }: Observation): string | undefined {
    const { totalMs, maxBytes, firstByteMs, stallMs } = this.#limits;
    if (nowMs - this.#startMs > totalMs) return `it took longer than ${seconds(totalMs)}`;
    if (bytes > maxBytes) return `it sent more than ${String(maxBytes)} bytes`;
    if (isComplete) return undefined;
    if (bytes > 0) return this.#checkRate(nowMs, bytes);
    if (lastWordMs === undefined) {
      return nowMs - this.#startMs > firstByteMs ? `nothing came in ${seconds(firstByteMs)}` : undefined;
    }
    const patienceMs = Math.max(firstByteMs, stallMs);
    const isSilent = nowMs - lastWordMs > patienceMs;
    return isSilent || nowMs - this.#startMs > preparationFactor * patienceMs
      ? `no object came in ${seconds(nowMs - this.#startMs)}`
      : undefined;
  }

  #checkRate(nowMs: number, bytes: number): string | undefined {
    const { minBytesPerSecond } = this.#limits;
    this.#window.push({ atMs: nowMs, bytes });
    // The last one that is old enough stays: the window is never too short.
    const from = this.#window.findLastIndex(({ atMs }) => nowMs - atMs >= this.#windowMs);
    if (from < 0) return undefined;
    this.#window = this.#window.slice(from);
    const [oldest] = this.#window;
    if (oldest === undefined) return undefined;
    const grown = bytes - oldest.bytes;
    if (grown <= 0) return `it stalled for ${seconds(this.#windowMs)}`;
    const elapsedSeconds = (nowMs - oldest.atMs) / 1000;
    // Part of a piece may have arrived that is not to be seen yet.
    return (grown + pieceBytes) / elapsedSeconds < minBytesPerSecond
      ? `it sent ${String(Math.round(grown / elapsedSeconds))} bytes a second, less than ${String(minBytesPerSecond)}`
      : undefined;
  }
}

function seconds(ms: number): string {
  return ms < 10_000 && ms % 1000 !== 0
    ? `${String(Math.round(ms / 100) / 10)} s`
    : `${String(Math.round(ms / 1000))} s`;
}
