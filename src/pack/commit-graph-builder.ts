import type { ByteStream } from '../core/byte-stream.ts';
import { GitMirrorError } from '../core/error.ts';
import { limits } from '../core/limits.ts';
import type { ObjectFormat } from '../core/object-id.ts';
import { CommitCollector } from './commit-collector.ts';
import type { CommitGraph } from './commit-graph.ts';
import { GraphEntries } from './graph-entries.ts';
import { packEvent, PackScanner } from './pack-scanner.ts';
import { TimeSlice } from './time-slice.ts';

/** How a pack is read into a graph. */
export interface ReadCommitGraphOptions {
  readonly format: ObjectFormat;
  readonly signal?: AbortSignal | undefined;
  /** Where the temporary file goes when one is needed. Default: the system's folder for temporary files. */
  readonly spoolDir?: string | undefined;
  /** Largest object count a pack may claim. Default `limits.maxGraphObjects`. */
  readonly maxObjects?: number | undefined;
  /**
   * Memory for what speeds up the reading and is given back afterwards: commits kept because deltas may build on them,
   * compressed and inflated. The arrays of the graph come on top, about 110 bytes a commit while reading. Default 24 MiB.
   */
  readonly memoryBudgetBytes?: number | undefined;
  /** Called now and then with the commits read so far, and at the end. */
  readonly onProgress?: ((commits: number) => void) | undefined;
}

/**
 * Reads the commits and annotated tags of a pack, as a fetch with `filter=tree:0` gives it, into a graph. Trees and
 * blobs of an unfiltered pack are inflated, since nothing else tells where they end, and not kept. Deltas are resolved,
 * whatever the order of their bases; compressed commits wait for that in memory, and in a temporary file without a name
 * when there are many. Chunks are only borrowed while the next one is not asked for.
 *
 * Measured with `bench/commit-graph.ts`; see there for the figures.
 *
 * @throws GitMirrorError `GM_PROTOCOL` when it is no pack; `GM_CORRUPT` when it is damaged or a base is missing in it
 * (packs that are fetched without `thin-pack` are self-contained); `GM_LIMIT` over `maxObjects` or another bound;
 * `GM_SYSTEM` when the temporary file cannot be written. The reason of `signal`, untouched. Whatever it throws, the
 * stream has been released and the temporary file is gone.
 */
export async function readCommitGraph(pack: ByteStream, options: ReadCommitGraphOptions): Promise<CommitGraph> {
  const { format, signal, maxObjects = limits.maxGraphObjects, onProgress } = options;
  const scanner = new PackScanner(format);
  const collector = new CommitCollector(format);
  const entries = new GraphEntries(collector, {
    dir: options.spoolDir,
    memoryBytes: options.memoryBudgetBytes ?? 24 * 1024 * 1024,
  });
  const slice = new TimeSlice(signal);
  const spool = (bytes: Uint8Array): void => {
    entries.spool(bytes);
  };
  try {
    for await (const chunk of pack) {
      signal?.throwIfAborted();
      entries.allowWork(chunk.length);
      scanner.feed(chunk);
      for (let event = scanner.next(); event !== packEvent.needInput; event = scanner.next()) {
        if (event === packEvent.entryEnd) {
          if (entries.isOpen) entries.end(scanner.content);
          if (slice.isOver(entries.work)) await slice.pause();
        } else if (event === packEvent.entry) {
          if (entries.begin(scanner.entry, scanner.entryOffset)) {
            scanner.hold(limits.maxCommitBytes);
            scanner.onCompressed = spool;
          }
        } else if (event === packEvent.header) {
          checkObjectCount(scanner.objectCount, maxObjects);
          collector.expect(scanner.objectCount);
        } else if (event === packEvent.piece && slice.isOver(entries.work)) {
          await slice.pause();
        }
      }
      onProgress?.(collector.commitCount);
    }
    scanner.finish();
    while (entries.resolvePending()) await slice.pause();
    entries.finish();
    // Its arrays make room for those of the graph.
    entries.close();
    return collector.finish();
  } finally {
    entries.close();
  }
}

function checkObjectCount(objectCount: number, maxObjects: number): void {
  if (objectCount <= maxObjects) return;
  throw new GitMirrorError('GM_LIMIT', `Reading commits: the pack holds ${objectCount} objects, over ${maxObjects}.`, {
    details: { limit: 'maxObjects', objects: objectCount, maxObjects },
  });
}
