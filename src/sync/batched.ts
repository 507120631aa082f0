import type { PackSource } from '../client/pack-source.ts';
import { GitMirrorError, isGitMirrorError } from '../core/error.ts';
import type { ObjectId } from '../core/object-id.ts';
import type { CommitGraph } from '../pack/commit-graph.ts';
import type { RefCommand } from '../wire/update-request.ts';
import { readHistory } from './ancestry.ts';
import { BatchSize } from './batch-size.ts';
import { advanceFrontier, headsOf, layCheckpoints } from './bootstrap-chain.ts';
import { sendBatch, type BatchOutcome } from './send-batch.ts';
import { sendInParts } from './send-in-parts.ts';
import type { RunContext } from './run-context.ts';
import type { TargetRun } from './target-run.ts';
import { deleteTemporaryRefs, moveTemporaryRefs, temporaryTips } from './temporary-refs.ts';

/** Tips of visible refs that are named as haves in every step, besides the temporary refs. */
const maxShownHaves = 2048;

/**
 * Sends the objects in steps along the history, for a target that takes no body beyond a limit or gives no request
 * more than so much time. Per target:
 *
 *     plan      commits only are fetched; checkpoints are laid from the oldest to the newest
 *     step      one push: the objects up to a checkpoint, held by a temporary ref named after it
 *               too large (limit, 413, 408, 504) → the step is halved; small → the next one is larger
 *               one commit too large             → its files go in parts, by way of a temporary store
 *     cut over  one push: the visible refs, the branch of the source's HEAD first
 *     clean up  the temporary refs are deleted
 *
 * Nothing is remembered on this side: what the target's temporary refs hold counts as sent, so that a rerun after a
 * crash, at any point, goes on where the last one ended.
 */
export class BatchedPush {
  readonly #source: PackSource;
  readonly #run: TargetRun;
  readonly #context: RunContext;
  /** Largest pack of one push; Infinity when unknown. */
  readonly #limitBytes: number;
  #frontier: ReadonlySet<ObjectId>;
  readonly #shown: readonly ObjectId[];

  constructor(source: PackSource, run: TargetRun, context: RunContext, limitBytes: number) {
    this.#source = source;
    this.#run = run;
    this.#context = context;
    this.#limitBytes = limitBytes;
    this.#frontier = temporaryTips(run.session.refs);
    const shown = [...new Set(run.session.refs.values())].filter((oid) => !this.#frontier.has(oid));
    this.#shown = shown.slice(0, maxShownHaves);
  }

  /** Carries out `commands`, which are the visible refs in the order they are to be sent. */
  async push(commands: readonly RefCommand[]): Promise<void> {
    const wants = this.#run.wants(commands);
    if (!this.#source.canWantAnyReachable) {
      throw new GitMirrorError(
        'GM_NO_RELAY',
        `${this.#source.displayUrl} only serves what its refs name, so its history cannot be sent in steps. Use protocol v2 there, or set uploadpack.allowReachableSHA1InWant.`,
      );
    }
    const graph = await this.#readGraph(wants);
    const tips = wants.map((oid) => graph.peel(oid));
    await this.#sendSteps(graph, layCheckpoints(graph, tips, this.#context.advanced.bootstrapOrder ?? 'first-parent'));
    await this.#cutOver(commands);
  }

  async #readGraph(wants: readonly ObjectId[]): Promise<CommitGraph> {
    this.#context.progress.phase('checkpoints', `reading the history of ${this.#source.displayUrl}`);
    const { pack } = await this.#source.fetchPack(
      { wants, haves: this.#haves(), filter: this.#source.canFilter ? 'tree:0' : undefined, ofsDelta: true },
      `reading the history of ${this.#source.displayUrl}`,
    );
    if (pack === undefined) throw new GitMirrorError('GM_PROTOCOL', `${this.#source.displayUrl} sent no history.`);
    return readHistory(this.#source, pack, {
      signal: this.#context.signal,
      spoolDir: this.#context.advanced.temporaryDirectory,
    });
  }

  async #sendSteps(graph: CommitGraph, checkpoints: readonly ObjectId[]): Promise<void> {
    const size = new BatchSize(this.#limitBytes, checkpoints.length);
    let done = 0;
    for (let first = 0; first < checkpoints.length;) {
      const step = checkpoints.slice(first, first + size.step);
      this.#reportBatches(done, Math.ceil((checkpoints.length - first) / size.step));
      const outcome = await this.#sendStep(graph, step, size);
      if (outcome.tooLarge) {
        size.refused(step.length, outcome.refusedAtBytes);
        if (step.length === 1) {
          await this.#sendLargeCommit(graph, step, size);
          first += 1;
          done += 1;
        }
        continue;
      }
      size.sent(step.length, outcome.objects, outcome.bytes);
      first += step.length;
      done += 1;
      this.#reportBatches(done, Math.ceil((checkpoints.length - first) / size.step));
    }
  }

  async #sendStep(graph: CommitGraph, step: readonly ObjectId[], size: BatchSize): Promise<BatchOutcome> {
    const next = advanceFrontier(graph, this.#frontier, step);
    const outcome = await sendBatch(this.#source, this.#run, this.#context, {
      need: { wants: headsOf(graph, step), haves: this.#haves() },
      commands: this.#temporaryCommands(next),
      limitBytes: size.limitBytes,
      isHopeless: (objects) => step.length > 1 && size.isHopeless(objects),
    });
    if (!outcome.tooLarge) this.#frontier = next;
    return outcome;
  }

  /** One checkpoint that is too large by itself: first the branches merged in it, commit by commit, then its files in parts. */
  async #sendLargeCommit(graph: CommitGraph, step: readonly ObjectId[], size: BatchSize): Promise<void> {
    const sent = new Set(graph.topoOrder(this.#frontier));
    const inner = graph.topoOrder(step).filter((oid) => !sent.has(oid));
    if (inner.length > 1) {
      await this.#sendSteps(graph, inner);
      return;
    }
    const next = advanceFrontier(graph, this.#frontier, step);
    await sendInParts(this.#source, this.#run, this.#context, {
      need: { wants: step, haves: this.#haves() },
      commands: this.#temporaryCommands(next),
      limitBytes: size.limitBytes,
    });
    this.#frontier = next;
  }

  /** The visible refs, in one push, and what the steps did not bring: tags, and refs to anything but commits. */
  async #cutOver(commands: readonly RefCommand[]): Promise<void> {
    this.#context.progress.phase('refs', `updating the refs of ${this.#run.url}`);
    const held = new Set([...this.#frontier, ...this.#shown]);
    const wants = this.#run.wants(commands).filter((oid) => !held.has(oid));
    const perPush = this.#context.advanced.targetMaxRefUpdates ?? commands.length;
    const batch = {
      need: { wants, haves: this.#haves() },
      commands: commands.slice(0, perPush),
      limitBytes: this.#limitBytes,
    };
    const outcome = await sendBatch(this.#source, this.#run, this.#context, { ...batch, isHopeless: () => false });
    if (outcome.tooLarge) {
      const limitBytes = Math.min(this.#limitBytes, outcome.refusedAtBytes ?? Infinity);
      await sendInParts(this.#source, this.#run, this.#context, { ...batch, limitBytes });
    }
    for (let first = perPush; first < commands.length; first += perPush) {
      await this.#run.push(commands.slice(first, first + perPush));
    }
    await cleanUp(this.#run);
  }

  #temporaryCommands(next: ReadonlySet<ObjectId>): readonly RefCommand[] {
    return moveTemporaryRefs(this.#frontier, next, this.#run.format);
  }

  #haves(): readonly ObjectId[] {
    return [...this.#frontier, ...this.#shown];
  }

  #reportBatches(done: number, left: number): void {
    this.#run.batch = { enabled: true, planned: done + left, done };
    this.#context.progress.emit({ type: 'batch', done, planned: done + left });
  }
}

/** Deletes the temporary refs that this or an earlier run has left on the target. Failing to is no failure of the run. */
export async function cleanUp(run: TargetRun): Promise<void> {
  await run.session.refresh();
  const commands = deleteTemporaryRefs(run.session.refs, run.format);
  if (commands.length === 0) return;
  try {
    await run.push(commands);
  } catch (error) {
    if (!isGitMirrorError(error)) throw error;
    run.reason += `; the temporary refs under refs/git-mirror/ could not be deleted: ${error.message}`;
  }
}
