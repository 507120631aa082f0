import type { AdvertisedRef } from '../wire/advertisement.ts';

/** Refs of a remote, HEAD left out. */
export interface RemoteRefs {
  readonly refs: readonly AdvertisedRef[];
  /** The ref that HEAD names; undefined when it is detached, or the server does not say. */
  readonly head: string | undefined;
  /** Printable names of refs that were left out because they are not legal. */
  readonly invalidNames: readonly string[];
}
