import type { ByteStream } from '../core/byte-stream.ts';
import type { ObjectId } from '../core/object-id.ts';
import type { Endpoint } from '../transport/endpoint.ts';
import type { AdvancedOptions } from './advanced-options.ts';
import type { Client } from './client.ts';
import type { CallOptions } from './progress.ts';
import type { ProtocolMode, RefScope, SyncRequest } from './request.ts';
import type { Measurement, PlanResult, RefInfo, Stats, SyncResult } from './result.ts';

/** A sync or replicate with settings outside the stable surface. */
export interface UnstableSyncRequest extends SyncRequest {
  readonly advanced?: AdvancedOptions | undefined;
}

/** Asks for a pack of the source alone. */
export interface FetchRequest {
  readonly source: Endpoint;
  readonly scope?: RefScope | undefined;
  readonly includeTags?: boolean | undefined;
  /** Objects that are here already, with all they reach. */
  readonly haves?: readonly ObjectId[] | undefined;
  readonly protocol?: ProtocolMode | undefined;
  readonly advanced?: AdvancedOptions | undefined;
  readonly collectStats?: boolean | undefined;
  readonly measureMemory?: boolean | undefined;
}

/** Options of a fetch. */
export interface FetchCallOptions extends CallOptions {
  /**
   * Takes the pack: a whole, self-contained pack stream (gitformat-pack). Chunks are owned by the consumer. Without it
   * the pack is read and thrown away, which measures the source.
   */
  readonly onPack?: ((pack: ByteStream) => Promise<void>) | undefined;
}

/** Outcome of a fetch. */
export interface FetchResult {
  readonly sourceUrl: string;
  readonly protocol: string;
  readonly refs: readonly RefInfo[];
  readonly sourceHead: string;
  /** Objects that the pack's header announced. */
  readonly objects: number;
  readonly bytes: number;
  readonly stats: Stats;
  readonly measurement: Measurement;
}

/** The client with everything that is not promised to stay as it is. */
export interface UnstableClient extends Client {
  plan(request: UnstableSyncRequest, options?: CallOptions): Promise<PlanResult>;
  sync(request: UnstableSyncRequest, options?: CallOptions): Promise<SyncResult>;
  replicate(request: UnstableSyncRequest, options?: CallOptions): Promise<SyncResult>;
  /** As `sync`, for a target without refs: `GM_USAGE` when it has some in scope. */
  bootstrap(request: UnstableSyncRequest, options?: CallOptions): Promise<SyncResult>;
  /** Fetches from the source and pushes nowhere. */
  fetch(request: FetchRequest, options?: FetchCallOptions): Promise<FetchResult>;
}
