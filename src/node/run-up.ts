import { createLineLogger, onlyProblems } from './logger.ts';
import type { NodeOptions } from './node-options.ts';
import { startNode } from './start-node.ts';

/** What `git mirror up` runs. */
export interface UpOptions extends Omit<NodeOptions, 'logger'> {
  /** JSON lines instead of lines for people. */
  readonly json?: boolean | undefined;
  /** Show served requests too. */
  readonly verbose?: boolean | undefined;
  /** Warnings and errors only. */
  readonly quiet?: boolean | undefined;
  /** Takes each log line, its line end included: standard output in the command. */
  readonly write: (line: string) => void;
}

/**
 * Runs a node until `signal` asks it to stop, and resolves to the exit status: 0, or with `once` 1 when a repository
 * could not be synced. Being asked to stop is no failure. Throws what `startNode` throws, unless it was asked to stop
 * before it had begun.
 */
export async function runUp(options: UpOptions): Promise<number> {
  const { json, verbose, quiet, write, ...nodeOptions } = options;
  const lines = createLineLogger({ write, format: json === true ? 'json' : 'human', verbose });
  const logger = quiet === true ? onlyProblems(lines) : lines;
  const hasToStop = (): boolean => options.signal?.aborted === true;
  try {
    const node = await startNode({ ...nodeOptions, logger });
    await node.closed;
    const { failed } = await node.firstSyncs;
    if (hasToStop()) logger.log('info', 'stopped', 'Stopped.');
    return options.once === true && failed > 0 && !hasToStop() ? 1 : 0;
  } catch (error) {
    if (hasToStop() && error === options.signal?.reason) return 0;
    throw error;
  }
}
