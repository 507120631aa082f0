import type { Client, Options } from './client.ts';
import { probe } from './probe.ts';
import type { CallOptions } from './progress.ts';
import type { ProbeRequest } from './request.ts';
import type { PlanResult, ProbeResult, SyncResult } from './result.ts';
import { fetchOnly } from './fetch-only.ts';
import { runSync } from './run-sync.ts';
import type {
  FetchCallOptions,
  FetchRequest,
  FetchResult,
  UnstableClient,
  UnstableSyncRequest,
} from './unstable-client.ts';

/**
 * A client that copies refs and objects between remotes.
 *
 * ```ts
 * const client = createClient();
 * const result = await client.sync({
 *   source: { url: 'https://example.com/from.git' },
 *   target: { url: 'https://example.org/to.git' },
 *   policy: { includeTags: true },
 * });
 * ```
 *
 * A client holds no connections between calls and may be used for any number of them at the same time.
 */
export function createClient(options: Options = {}): Client {
  return {
    probe: (request: ProbeRequest, call: CallOptions = {}): Promise<ProbeResult> => probe(request, options, call),
    plan: (request: UnstableSyncRequest, call: CallOptions = {}): Promise<PlanResult> =>
      runSync(request, undefined, true, options, call),
    sync: (request: UnstableSyncRequest, call: CallOptions = {}): Promise<SyncResult> =>
      runSync(request, 'sync', false, options, call),
    replicate: (request: UnstableSyncRequest, call: CallOptions = {}): Promise<SyncResult> =>
      runSync(request, 'replicate', false, options, call),
  };
}

/** {@link createClient} with everything that is not promised to stay as it is. */
export function createUnstableClient(options: Options = {}): UnstableClient {
  return {
    ...createClient(options),
    bootstrap: (request: UnstableSyncRequest, call: CallOptions = {}): Promise<SyncResult> =>
      runSync(request, 'sync', false, options, call, { emptyTargetsOnly: true }),
    fetch: (request: FetchRequest, call: FetchCallOptions = {}): Promise<FetchResult> =>
      fetchOnly(request, options, call),
  };
}
