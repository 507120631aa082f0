import type { ByteStream } from '../core/byte-stream.ts';
import type { ObjectId } from '../core/object-id.ts';

/** What to ask a source for. */
export interface PackRequest {
  readonly wants: readonly ObjectId[];
  /** Objects that the receiver has with everything they reach. Names the source does not know do no harm. */
  readonly haves: readonly ObjectId[];
  /** Leave objects out (gitprotocol-v2, "fetch", filter); only when {@link SourceSession.canFilter}. */
  readonly filter?: string | undefined;
  /** Whether the receiver takes offset deltas. */
  readonly ofsDelta: boolean;
  /** Answer first which haves are known, and send a pack only when all are enough: version 2 only. */
  readonly negotiate?: boolean | undefined;
}

/** What a source answered. */
export interface PackAnswer {
  /** The pack; absent when `negotiate` was asked for and the source wants to hear more. Never thin. */
  readonly pack: ByteStream | undefined;
  /** Haves that the source said it has; only with `negotiate`. */
  readonly common: ReadonlySet<ObjectId>;
}
