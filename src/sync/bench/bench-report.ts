import type { SyncCounts, SyncResult, TransferMode } from '../result.ts';
import type { BenchScenario } from './bench-request.ts';

/** What one run of a scenario took. Byte counts are of bodies. */
export interface BenchRun {
  readonly targetUrl: string;
  readonly elapsedMillis: number;
  readonly transferMode: TransferMode;
  readonly counts: SyncCounts;
  /** Bytes of the pack that came from the source. */
  readonly packBytes: number;
  readonly sourceRequests: number;
  readonly targetRequests: number;
  readonly requestBytes: number;
  readonly responseBytes: number;
  readonly peakHeapBytes: number;
  /** Of this process, from its start to the end of the run. */
  readonly peakRssBytes: number;
}

/** A scenario, run by run. */
export interface BenchScenarioReport {
  readonly scenario: BenchScenario;
  readonly medianMillis: number;
  readonly minMillis: number;
  readonly maxMillis: number;
  readonly peakRssBytes: number;
  readonly runs: readonly BenchRun[];
}

/** All that was measured, and with what. */
export interface BenchReport {
  readonly version: string;
  readonly node: string;
  /** As `git --version` says it; empty when no git was needed. */
  readonly git: string;
  /** `linux x64`. */
  readonly platform: string;
  readonly cores: number;
  /** ISO 8601, UTC. */
  readonly startedAt: string;
  readonly sourceUrl: string;
  readonly protocol: string;
  readonly scenarios: readonly BenchScenarioReport[];
}

/** One run from the result of its sync. */
export function benchRun(result: SyncResult, elapsedMillis: number): BenchRun {
  const items = Object.values(result.stats.items);
  const sum = (pick: (item: (typeof items)[number]) => number, role = '') =>
    items.filter(({ name }) => name.startsWith(role)).reduce((total, item) => total + pick(item), 0);
  return {
    targetUrl: result.targetUrl,
    elapsedMillis: Math.round(elapsedMillis * 100) / 100,
    transferMode: result.execution.transferMode,
    counts: result.counts,
    packBytes: result.stats.sides.find(({ label }) => label === 'source')?.bytes ?? 0,
    sourceRequests: sum(({ requests }) => requests, 'source'),
    targetRequests: sum(({ requests }) => requests, 'target'),
    requestBytes: sum(({ requestBytes }) => requestBytes),
    responseBytes: sum(({ responseBytes }) => responseBytes),
    peakHeapBytes: result.measurement.peakHeapBytes,
    peakRssBytes: result.measurement.peakRssBytes,
  };
}

/** The runs of a scenario and what they come to. There is at least one. */
export function summarizeScenario(scenario: BenchScenario, runs: readonly BenchRun[]): BenchScenarioReport {
  const times = runs.map(({ elapsedMillis }) => elapsedMillis).sort((left, right) => left - right);
  const [lower = 0, upper = 0] = [times[Math.floor((times.length - 1) / 2)], times[Math.floor(times.length / 2)]];
  return {
    scenario,
    medianMillis: (lower + upper) / 2,
    minMillis: times[0] ?? 0,
    maxMillis: times.at(-1) ?? 0,
    peakRssBytes: Math.max(...runs.map(({ peakRssBytes }) => peakRssBytes)),
    runs,
  };
}
