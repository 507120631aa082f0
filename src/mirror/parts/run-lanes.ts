import { isGitMirrorError } from '../../core/error.ts';
import type { ObjectId } from '../../core/object-id.ts';
import type { GitProgram } from '../git-program.ts';
import type { MirrorLimits, MirrorReporter } from '../mirror-candidate.ts';
import type { MirrorLane } from './mirror-lane.ts';
import { havesOf } from './part-haves.ts';
import type { PartQueue } from './part-queue.ts';
import { receivePart, type ReceivedPart } from './receive-part.ts';

/** What lanes share. */
export interface LanesRun {
  readonly git: GitProgram;
  readonly queue: PartQueue;
  /** What the repository had before, with everything it reaches. */
  readonly held: readonly ObjectId[];
  readonly limits: MirrorLimits;
  readonly reporter: MirrorReporter;
  readonly signal: AbortSignal;
  /** Called after each part that came. */
  readonly onPart: () => Promise<void>;
}

/**
 * Lets every lane take parts until there are no more for it. What fails goes back to the queue; a mirror that sent what is
 * no pack is left at once. Returns early when `signal` is aborted. Throws what is wrong on this machine.
 */
export async function runLanes(lanes: readonly MirrorLane[], run: LanesRun): Promise<void> {
  const outcomes = await Promise.allSettled(lanes.map((lane) => runLane(lane, run)));
  const failed = outcomes.find((outcome) => outcome.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
}

async function runLane(lane: MirrorLane, run: LanesRun): Promise<void> {
  // While one part is being indexed the next one is already on its way.
  let indexing = Promise.resolve();
  while (!run.signal.aborted) {
    const index = await run.queue.take(lane);
    if (index === undefined) break;
    const received = await askFor(index, lane, run);
    await indexing;
    if (received === undefined) continue;
    indexing = finish(received, index, lane, run);
    // It is awaited further on.
    indexing.catch(() => undefined);
  }
  await indexing;
}

async function askFor(index: number, lane: MirrorLane, run: LanesRun): Promise<ReceivedPart | undefined> {
  const { git, queue, limits, signal, held, reporter } = run;
  const { parts } = queue;
  const tips = parts[index]?.tips ?? [];
  reporter.detail(`part ${partName(index, run)} from mirror ${lane.displayUrl}`);
  const isOffered = queue.isOffered(index);
  try {
    return await receivePart({
      git,
      lane,
      tips,
      haves: havesOf(parts, index, held),
      maxBytes: limits.maxBytes,
      signal,
    });
  } catch (error) {
    // That it does not have what it does not show is no failure.
    const isRefused = !isOffered && isGitMirrorError(error, 'GM_REMOTE');
    if (!isRefused && !queue.isHere(index)) note(index, lane.fail(error), lane, run);
    queue.giveBack(index, lane, { isRefused });
    return undefined;
  }
}

async function finish(received: ReceivedPart, index: number, lane: MirrorLane, run: LanesRun): Promise<void> {
  const { queue } = run;
  if (queue.isHere(index)) {
    await received.drop();
    queue.giveBack(index, lane, { isRefused: false });
    return;
  }
  try {
    const pack = await received.finish(() => queue.completeCount >= index);
    queue.finish(index, pack, lane);
  } catch (error) {
    const reason = lane.fail(error);
    if (isGitMirrorError(error, 'GM_CORRUPT')) lane.leave(reason);
    note(index, reason, lane, run);
    queue.giveBack(index, lane, { isRefused: false });
    return;
  }
  lane.parts += 1;
  await run.onPart();
}

function note(index: number, reason: string, lane: MirrorLane, run: LanesRun): void {
  if (run.signal.aborted) return;
  const end = lane.leftReason === undefined ? '' : '; it is asked no more';
  run.reporter.note(`part ${partName(index, run)} did not come from mirror ${lane.displayUrl}: ${reason}${end}`);
}

function partName(index: number, { queue }: LanesRun): string {
  return `${String(index + 1)} of ${String(queue.parts.length)}`;
}
