import type { SyncResult } from '../sync/result.ts';
import type { LogFields } from './logger.ts';

/** What one sync did, for a log line. */
export interface SyncFacts {
  readonly repository: string;
  readonly created: number;
  readonly updated: number;
  readonly deleted: number;
  readonly unchanged: number;
  /** Bytes of packs read from the upstream. */
  readonly bytes: number;
  readonly durationMs: number;
  readonly transferMode: string;
}

/** The facts of a sync that succeeded. */
export function syncFacts(repository: string, result: SyncResult, bytes: number, durationMs: number): SyncFacts {
  const counts = { create: 0, update: 0, delete: 0, skip: 0, block: 0, warn: 0 };
  for (const { action } of result.refs) counts[action] += 1;
  return {
    repository,
    created: counts.create,
    updated: counts.update,
    deleted: counts.delete,
    unchanged: counts.skip,
    bytes,
    durationMs: Math.round(durationMs),
    transferMode: result.execution.transferMode,
  };
}

/** Whether the sync changed any ref. */
export function hasChanges({ created, updated, deleted }: SyncFacts): boolean {
  return created + updated + deleted > 0;
}

/** One line for people: `project.git: 2 created, 1 updated, 40 unchanged, 1.2 MiB, 0.31 s`. */
export function syncMessage(facts: SyncFacts): string {
  const counts = [
    [facts.created, 'created'],
    [facts.updated, 'updated'],
    [facts.deleted, 'deleted'],
    [facts.unchanged, 'unchanged'],
  ] as const;
  const shown = counts.filter(([count]) => count > 0).map(([count, what]) => `${count} ${what}`);
  return `${facts.repository}: ${[
    ...(shown.length === 0 ? ['no refs'] : shown),
    ...(facts.bytes > 0 ? [formatBytes(facts.bytes)] : []),
    `${(facts.durationMs / 1000).toFixed(2)} s`,
  ].join(', ')}`;
}

/** The facts as fields of a JSON line. */
export function syncFields(facts: SyncFacts): LogFields {
  return { ...facts };
}

function formatBytes(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`;
  const [value, unit] = bytes < 1024 * 1024 ? [bytes / 1024, 'KiB'] : [bytes / (1024 * 1024), 'MiB'];
  return `${value.toFixed(1)} ${unit}`;
}
