import { explainWork } from '../client/decode-while.ts';
import type { PackRequest } from '../client/pack-request.ts';
import type { PackSource } from '../client/pack-source.ts';
import type { ByteStream } from '../core/byte-stream.ts';
import { readCommitGraph } from '../pack/commit-graph-builder.ts';
import type { CommitGraph } from '../pack/commit-graph.ts';
import type { MoveQuestion } from './plan-refs.ts';

/** Above this many open questions one look at the whole history is cheaper than asking for each move alone. */
const maxSingleQuestions = 8;

interface AncestryOptions {
  readonly signal?: AbortSignal | undefined;
  readonly spoolDir?: string | undefined;
}

/**
 * The target refs among `moves` whose move is a fast-forward, by the source's history. Only commits are fetched when
 * the source can leave the rest out, and only those between the old and the new tips.
 *
 * With X = the commits reachable from `to` and not from `from`, `from` is an ancestor of `to` exactly when it is a parent of
 * some commit in X: a path leads from `to` to `from`, and all of it but its end lies outside what `from` reaches.
 * When several moves share one fetch, the path may also run through another old tip, so a "no" is asked again.
 */
export async function findFastForwards(
  source: PackSource,
  moves: readonly MoveQuestion[],
  options: AncestryOptions,
): Promise<ReadonlySet<string>> {
  const found = new Set<string>();
  const known = await askTogether(source, moves, found, options);
  const open = known.filter(({ targetRef }) => !found.has(targetRef));
  if (moves.length === 1 || open.length === 0) return found;
  if (open.length <= maxSingleQuestions) {
    for (const move of open) await askTogether(source, [move], found, options);
    return found;
  }
  const { pack } = await source.fetchPack({ ...packRequest(source, open, false), haves: [] }, doing(source));
  if (pack === undefined) return found;
  addFastForwards(await readHistory(source, pack, options), open, found);
  return found;
}

/** Adds what is certain to `found`; returns the moves whose old tip the source may know. */
async function askTogether(
  source: PackSource,
  moves: readonly MoveQuestion[],
  found: Set<string>,
  options: AncestryOptions,
): Promise<readonly MoveQuestion[]> {
  let open = moves;
  let answer = await source.fetchPack(packRequest(source, moves, source.canNegotiate), doing(source));
  if (source.canNegotiate) {
    // Whatever the source does not have, its new tips cannot have grown from.
    const { common } = answer;
    open = moves.filter(({ from }) => common.has(from));
    if (open.length === 0) {
      await release(answer.pack);
      return open;
    }
    if (answer.pack === undefined) answer = await source.fetchPack(packRequest(source, open, false), doing(source));
  }
  if (answer.pack === undefined) return open;
  addFastForwards(await readHistory(source, answer.pack, options), open, found);
  return open;
}

/** The commits of a pack of `source`, whose name stands in errors. */
export async function readHistory(
  source: PackSource,
  pack: ByteStream,
  options: AncestryOptions,
): Promise<CommitGraph> {
  try {
    return await readCommitGraph(pack, { format: source.objectFormat, ...options });
  } catch (error) {
    throw explainWork(error, doing(source), source.displayUrl);
  }
}

function addFastForwards(graph: CommitGraph, moves: readonly MoveQuestion[], found: Set<string>): void {
  const answers = graph.areAncestors(moves.map(({ from, to }) => [from, to]));
  for (const [index, { targetRef }] of moves.entries()) if (answers[index] === true) found.add(targetRef);
}

async function release(pack: ByteStream | undefined): Promise<void> {
  await pack?.[Symbol.asyncIterator]().return?.();
}

function packRequest(source: PackSource, moves: readonly MoveQuestion[], negotiate: boolean): PackRequest {
  return {
    wants: [...new Set(moves.map(({ to }) => to))],
    haves: [...new Set(moves.map(({ from }) => from))],
    filter: source.canFilter ? 'tree:0' : undefined,
    ofsDelta: true,
    negotiate,
  };
}

function doing(source: PackSource): string {
  return `reading the history of ${source.displayUrl}`;
}
