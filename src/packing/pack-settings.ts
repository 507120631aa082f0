import { GitMirrorError } from '../core/error.ts';
import type { GitConfig } from '../repository/git-config.ts';
import { packingLimits } from './packing-limits.ts';

/** How packs are made: git's `pack.*`, `core.*` and `gc.*` settings (git-config(1)). */
export interface PackSettings {
  /** Objects each one is compared with (pack.window). 0: no delta search. */
  readonly window: number;
  /** Bound on the memory of a window in bytes (pack.windowMemory). 0: none. */
  readonly windowMemory: number;
  /** Longest delta chain (pack.depth). */
  readonly depth: number;
  /** Deflate level, -1 for zlib's default (pack.compression, core.compression). */
  readonly compression: number;
  /** Objects larger than this are not compared (core.bigFileThreshold). */
  readonly bigFileThreshold: number;
  /** Threads that search (pack.threads). 0: one a core. */
  readonly threads: number;
  /** Whether whole ranges of a pack may be copied as they lie (pack.allowPackReuse). */
  readonly allowPackReuse: boolean;
}

/** What git does when the configuration is silent. */
export const defaultPackSettings: PackSettings = {
  window: 10,
  windowMemory: 0,
  depth: 50,
  compression: -1,
  bigFileThreshold: 512 * 1024 * 1024,
  threads: 0,
  allowPackReuse: true,
};

/** What of a configuration is read here. */
export type ReadableConfig = Pick<GitConfig, 'get' | 'getBoolean' | 'getInteger'>;

/**
 * The settings of one repository. Window and depth are brought into the range that git brings them into.
 *
 * @throws GitMirrorError `GM_CORRUPT`, in git's words, for a value that git dies of.
 */
export function readPackSettings(config: ReadableConfig): PackSettings {
  const defaults = defaultPackSettings;
  const threads = config.getInteger('pack.threads') ?? defaults.threads;
  if (threads < 0) throw invalid(`invalid number of threads specified (${String(threads)})`);
  // Read whether or not pack.compression is there: git dies of a bad value all the same.
  const coreCompression = readLevel(config, 'core.compression', 'zlib');
  return {
    window: Math.min(packingLimits.maxWindow, Math.max(0, config.getInteger('pack.window') ?? defaults.window)),
    windowMemory: Math.max(0, config.getInteger('pack.windowmemory') ?? defaults.windowMemory),
    depth: Math.min(packingLimits.maxDepth, Math.max(0, config.getInteger('pack.depth') ?? defaults.depth)),
    compression: readLevel(config, 'pack.compression', 'pack') ?? coreCompression ?? defaults.compression,
    bigFileThreshold: config.getInteger('core.bigfilethreshold') ?? defaults.bigFileThreshold,
    threads,
    allowPackReuse: readPackReuse(config),
  };
}

function readLevel(config: ReadableConfig, key: string, what: string): number | undefined {
  const level = config.getInteger(key);
  if (level !== undefined && (level < -1 || level > 9)) {
    throw invalid(`bad ${what} compression level ${String(level)}`);
  }
  return level;
}

/** A boolean, or `single` or `multi`, which say from how many packs. */
function readPackReuse(config: ReadableConfig): boolean {
  const value = config.get('pack.allowpackreuse');
  if (value === undefined) return defaultPackSettings.allowPackReuse;
  if (/^(single|multi)$/i.test(value)) return true;
  try {
    return config.getBoolean('pack.allowpackreuse') ?? true;
  } catch (cause) {
    throw invalid(`invalid pack.allowPackReuse value: '${value}'`, cause);
  }
}

function invalid(message: string, cause?: unknown): GitMirrorError {
  return new GitMirrorError('GM_CORRUPT', message, cause === undefined ? {} : { cause });
}
