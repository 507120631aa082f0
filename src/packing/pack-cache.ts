import type { ByteSink } from '../core/byte-sink.ts';
import type { PackStatistics } from './pack-request.ts';

/** Makes a pack and writes it to `sink`, trailer included. It may outlive the exchange that began it. */
export type PackBuild = (sink: ByteSink, signal: AbortSignal) => Promise<PackStatistics>;

/** A pack that has been delivered. */
export interface DeliveredPack {
  readonly statistics: PackStatistics;
  /** `miss`: made for this exchange; `shared`: made at the same time for another one; `hit`: it was there. */
  readonly outcome: 'miss' | 'shared' | 'hit';
}

/**
 * Makes equal packs once. That is safe because the objects between given wants and haves, within given shallow
 * boundaries and a filter, never change: what `key` says, no more and no less, decides what is in the pack.
 */
export interface PackCache {
  /**
   * Writes the pack with this key to `sink`: the one that is there, or the one that is being made, or else what `build`
   * makes. Throws what `build` throws, the reason of `signal`, or what `sink` fails with; others who wait for the same
   * pack are not harmed by the latter two.
   */
  deliver(key: string, sink: ByteSink, signal: AbortSignal, build: PackBuild): Promise<DeliveredPack>;
}
