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
      peakRssBytes: this.#enabled ? Math.max(this.#peakRssBytes, process.resourceUsage().maxRSS * 1024) : 0,
    };
  }

  #sample(): void {
    const { heapUsed, rss } = process.memoryUsage();
    this.#peakHeapBytes = Math.max(this.#peakHeapBytes, heapUsed);
    this.#peakRssBytes = Math.max(this.#peakRssBytes, rss);
  }
}
