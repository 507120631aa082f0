import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isGitMirrorError } from '../../core/error.ts';
import { isObjectId, rawLength, type ObjectFormat } from '../../core/object-id.ts';
import type { Kernel } from '../../kernel/kernel.ts';
import { ReadFile } from '../../pack/read-file.ts';
import { readCommitGraphLayer, type CommitGraphLayer } from './commit-graph-layer.ts';
import { FileCommitGraph } from './file-commit-graph.ts';

/** Where commit-graphs are looked for, and how they are used. */
export interface CommitGraphOptions {
  /** All object directories; the first that has a commit-graph counts. */
  readonly objectDirectories: readonly string[];
  readonly format: ObjectFormat;
  readonly kernel: Kernel;
  /** False: topological levels serve as generations (commitGraph.generationVersion = 1). */
  readonly useDates: boolean;
}

/** Names and sizes of what commit-graphs are made of, for caches: changes whenever one does. */
export const commitGraphPaths = ['info/commit-graph', 'info/commit-graphs/commit-graph-chain'] as const;

/**
 * Opens the commit-graph of a repository, or the chain of them. Undefined when there is none. Of a damaged chain, what
 * lies below the damage is used; git does the same. The caller closes the result.
 */
export function openCommitGraph(options: CommitGraphOptions): FileCommitGraph | undefined {
  for (const directory of options.objectDirectories) {
    const layers = openSingle(directory, options) ?? openChain(directory, options);
    if (layers.length > 0) {
      return new FileCommitGraph(options.kernel, rawLength(options.format), layers, options.useDates);
    }
  }
  return undefined;
}

function openSingle(directory: string, options: CommitGraphOptions): readonly CommitGraphLayer[] | undefined {
  const layer = openLayer([join(directory, commitGraphPaths[0])], options, []);
  return layer === undefined ? undefined : [layer];
}

function openChain(directory: string, options: CommitGraphOptions): readonly CommitGraphLayer[] {
  const layers: CommitGraphLayer[] = [];
  const names: string[] = [];
  for (const name of readChain(join(directory, commitGraphPaths[1]), options.format)) {
    // A fork's chain builds on the files of the repository that it borrows objects from.
    const paths = options.objectDirectories.map((other) => join(other, `info/commit-graphs/graph-${name}.graph`));
    const layer = openLayer(paths, options, layers);
    if (layer === undefined) break;
    if (names.some((below, index) => layer.baseNames[index] !== below)) {
      options.kernel.memory.release(layer.table.fanout);
      break;
    }
    layers.push(layer);
    names.push(name);
  }
  return layers;
}

/** Reads the first of the files that is there and whole. */
function openLayer(
  paths: readonly string[],
  options: CommitGraphOptions,
  below: readonly CommitGraphLayer[],
): CommitGraphLayer | undefined {
  const firstPosition = below.reduce((sum, { table }) => sum + table.count, 0);
  for (const path of paths) {
    const file = ReadFile.open(path);
    if (file === undefined) continue;
    try {
      return readCommitGraphLayer(file, options.format, options.kernel.memory, firstPosition);
    } catch (error) {
      if (!isGitMirrorError(error, 'GM_CORRUPT')) throw error;
    } finally {
      file.close();
    }
  }
  return undefined;
}

/** Names of the files of a chain, the lowest first. A line that is none ends it. */
function readChain(path: string, format: ObjectFormat): readonly string[] {
  let text: string;
  try {
    text = readFileSync(path, 'latin1');
  } catch {
    return [];
  }
  const names = text.split('\n');
  const end = names.findIndex((name) => !isObjectId(name, format));
  return end < 0 ? names : names.slice(0, end);
}
