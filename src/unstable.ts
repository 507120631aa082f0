/**
 * What is not promised to stay as it is: batch sizes, pack limits, memory measurement, bootstrap and fetch-only.
 *
 * @module git-mirror/unstable
 */
export type { AdvancedOptions, BootstrapOrder } from './sync/advanced-options.ts';
export { createUnstableClient } from './sync/create-client.ts';
export type {
  FetchCallOptions,
  FetchRequest,
  FetchResult,
  UnstableClient,
  UnstableSyncRequest,
} from './sync/unstable-client.ts';
