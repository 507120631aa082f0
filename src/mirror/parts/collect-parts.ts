import type { ObjectId } from '../../core/object-id.ts';
import type { OriginRef } from '../bulk-fetch.ts';
import type { GitProgram } from '../git-program.ts';
import type { MirrorLimits, MirrorReporter } from '../mirror-candidate.ts';
import { adoptPlan } from './adopt-plan.ts';
import { findGap, holdTips } from './join-parts.ts';
import { makePlan } from './make-plan.ts';
import type { MirrorLane } from './mirror-lane.ts';
import type { Part } from './part.ts';
import { PartQueue } from './part-queue.ts';
import { readPlan, writePlan } from './plan-file.ts';
import { runLanes } from './run-lanes.ts';
import { checkStoredPacks } from './stored-packs.ts';

/** What is collected, of whom. */
export interface Collection {
  readonly staging: GitProgram;
  readonly originUrl: string;
  readonly planPath: string;
  readonly packsPath: string;
  /** Tips that are here with everything they reach. */
  readonly held: readonly ObjectId[];
  readonly wanted: readonly OriginRef[];
  /** They have been asked what they have. */
  readonly lanes: readonly MirrorLane[];
  readonly limits: MirrorLimits;
  readonly reporter: MirrorReporter;
  readonly signal: AbortSignal;
  /** Ends the asking alone. */
  readonly lanesSignal: AbortSignal;
}

/** Rounds on top of one for each mirror: every round but the last one has lost a mirror, or a part that nobody has. */
const extraRounds = 4;

/**
 * Takes what is wanted from the lanes, in parts, and proves that it is whole; what a mirror sent that turned out to lack
 * something is asked of the others again. Gives the tips that are whole now; refs hold them.
 */
export async function collectParts(collection: Collection): Promise<readonly ObjectId[]> {
  const { staging, originUrl, planPath, packsPath, lanes, reporter, signal, lanesSignal } = collection;
  const earlier = (await readPlan(planPath, originUrl)) ?? [];
  let queue = new PartQueue(await checkStoredPacks(earlier, packsPath), lanes);
  let saved = Promise.resolve();
  const save = (): Promise<void> => (saved = saved.then(() => writePlan(planPath, originUrl, queue.parts)));
  for (let round = 1; ; round++) {
    queue = new PartQueue(await planRound(queue, collection), lanes);
    await save();
    const asked = askable(lanes).length;
    if (round === 1 && asked > 0) reporter.note(describe(queue.parts, asked));
    await runLanes(lanes, { ...collection, git: staging, queue, signal: lanesSignal, onPart: save });
    signal.throwIfAborted();
    const complete = queue.parts.slice(0, queue.completeCount);
    const gap = await findGap(staging, complete, signal);
    const isOver = gap === undefined && complete.length === queue.parts.length;
    if (gap !== undefined) {
      queue = new PartQueue(withoutLiar(queue.parts, gap, lanes), lanes);
      await save();
    }
    const mayGoOn = !lanesSignal.aborted && round < lanes.length + extraRounds && askable(lanes).length > 0;
    if (mayGoOn && !isOver) continue;
    const proven = complete.slice(0, gap);
    await holdTips(staging, proven);
    return proven.flatMap(({ tips }) => tips);
  }
}

/** The parts for the next round. With nobody to ask, what is there stays as it is, for another run. */
async function planRound(queue: PartQueue, { wanted, lanes, reporter }: Collection): Promise<readonly Part[]> {
  const { parts } = queue;
  const asked = askable(lanes);
  if (asked.length === 0) return parts;
  if (parts.length === 0) return makePlan(wanted, asked, reporter);
  return adoptPlan(parts, {
    wanted,
    offers: asked.map(({ offer }) => offer),
    canBeHad: (index) => queue.canBeHad(index),
  });
}

function describe(parts: readonly Part[], mirrors: number): string {
  const here = parts.filter(({ pack }) => pack !== undefined).length;
  const lacking = String(parts.length - here);
  const from = mirrors === 1 ? 'one mirror' : `${String(mirrors)} mirrors`;
  return here === 0
    ? `taking ${lacking} parts from ${from}`
    : `taking ${lacking} parts from ${from}; ${String(here)} are here already`;
}

function askable(lanes: readonly MirrorLane[]): readonly MirrorLane[] {
  return lanes.filter(({ leftReason }) => leftReason === undefined);
}

/** The plan without what came from whoever gave part `gap`, who is left. */
function withoutLiar(parts: readonly Part[], gap: number, lanes: readonly MirrorLane[]): readonly Part[] {
  const liar = parts[gap]?.from;
  for (const lane of lanes) if (lane.displayUrl === liar) lane.leave('a pack of its lacks objects');
  return parts.map((part, index) => (index === gap || part.from === liar ? { tips: part.tips } : part));
}
