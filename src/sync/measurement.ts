import { readFileSync } from 'node:fs';
import type { Measurement } from './result.ts';

const sampleIntervalMs = 20;

/** Measures one call: elapsed time always, peak heap and RSS by sampling when asked to. */
export class MemorySampler {
  readonly #enabled: boolean;
  readonly #startedAt = performance.now();
  readonly #timer: NodeJS.Timeout | undefined;
  #peakHeapBytes = 0;
  #peakRssBytes = 0;

  constructor(enabled: boolean) {
    this.#enabled = enabled;
    if (!enabled) return;
    this.#sample();
    this.#timer = setInterval(() => {
      this.#sample();
    }, sampleIntervalMs);
    this.#timer.unref();
  }

  /** Ends the sampling. RSS also counts the peak that the system remembers for the whole process. */
  finish(): Measurement {
    clearInterval(this.#timer);
    if (this.#enabled) this.#sample();
    return {
      enabled: this.#enabled,
      elapsedMillis: Math.round(performance.now() - this.#startedAt),
      peakHeapBytes: this.#peakHeapBytes,
      peakRssBytes: this.#enabled ? Math.max(this.#peakRssBytes, peakRssOfProcess()) : 0,
    };
  }

  #sample(): void {
    const { heapUsed, rss } = process.memoryUsage();
    this.#peakHeapBytes = Math.max(this.#peakHeapBytes, heapUsed);
    this.#peakRssBytes = Math.max(this.#peakRssBytes, rss);
  }
}

/**
 * The most memory this process ever had resident. On Linux not from `getrusage`, which begins with the size of whoever
 * started the process: 395 MB for a process of 43 that one of 400 had started.
 */
function peakRssOfProcess(): number {
  try {
    const kibibytes = /^VmHWM:\s*(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1];
    if (kibibytes !== undefined) return Number(kibibytes) * 1024;
  } catch {
    // No Linux.
  }
  return process.resourceUsage().maxRSS * 1024;
}
