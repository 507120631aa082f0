/**
 * What is not promised to stay as it is: batch sizes, pack limits, memory measurement, bootstrap and fetch-only.
 *
 * @module git-mirror/unstable
 */
export type { BenchReport, BenchRun, BenchScenarioReport } from './sync/bench/bench-report.ts';
export type { BenchRequest, BenchScenario } from './sync/bench/bench-request.ts';
export { runBench, type BenchCallOptions, type BenchClient } from './sync/bench/run-bench.ts';
export type { AdvancedOptions, BootstrapOrder } from './sync/advanced-options.ts';
export { createUnstableClient } from './sync/create-client.ts';
export type {
  FetchCallOptions,
  FetchRequest,
  FetchResult,
  UnstableClient,
  UnstableSyncRequest,
} from './sync/unstable-client.ts';
