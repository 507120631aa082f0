import type { PackSource } from '../client/pack-source.ts';
import { GitMirrorError } from '../core/error.ts';
import type { RefCommand } from '../wire/update-request.ts';
import { BatchedPush, cleanUp } from './batched.ts';
import { chooseHaves } from './choose-haves.ts';
import { groupByNeed } from './group-by-need.ts';
import { keepOldTips } from './keep-old-tips.ts';
import { fastForwardReason } from './plan-refs.ts';
import { commandsOf } from './push-commands.ts';
import { relay, type Delivery, type Need } from './relay.ts';
import type { RunContext } from './run-context.ts';
import { isTooLarge } from './send-batch.ts';
import type { TargetRun } from './target-run.ts';
import { temporaryTips } from './temporary-refs.ts';

interface Work {
  readonly need: Need;
  readonly delivery: Delivery;
}

/**
 * Carries out the plans of all `runs`. Returns what went wrong, by run. The ways, in order of preference:
 * nothing to move → one relay → relay in steps (a limit was given, or the target refused the size) → parts by way of a
 * temporary store, for one commit that is too large by itself (never in a replicate).
 */
export async function carryOut(
  source: PackSource,
  sourceHead: string | undefined,
  runs: readonly TargetRun[],
  context: RunContext,
): Promise<readonly unknown[]> {
  const errors = new Map<TargetRun, unknown>();
  const guard = async (run: TargetRun, work: () => Promise<void>) => {
    try {
      await work();
    } catch (error) {
      context.signal?.throwIfAborted();
      errors.set(run, error);
    }
  };

  const works: Work[] = [];
  for (const run of runs) {
    await guard(run, async () => {
      const work = await prepare(source, run, sourceHead);
      if (work !== undefined) works.push(work);
    });
  }
  const limit = context.advanced.targetMaxPackBytes;
  const [inSteps, atOnce] = split(works, ({ need }) => limit !== undefined && need.wants.length > 0);
  // One slow target must not keep the others waiting; a conversation, though, can only send one pack at a time.
  const forEach = source.answersInParallel ? inParallel : inTurn;
  await forEach(groupByNeed(atOnce), async (group) => {
    const outcomes = await relay(source, group.need, group.deliveries, context);
    for (const [index, { run, commands }] of group.deliveries.entries()) {
      const error = outcomes[index];
      if (error === undefined) continue;
      if (isTooLarge(error) && source.canWantAnyReachable && group.need.wants.length > 0) {
        run.reason = `the target refused the whole pack (${error instanceof Error ? error.message : ''}), so it went in steps`;
        inSteps.push({ need: group.need, delivery: { run, commands } });
      } else errors.set(run, error);
    }
  });
  await forEach(inSteps, ({ delivery: { run, commands } }) =>
    guard(run, async () => {
      await run.session.refresh();
      await pushInSteps(source, run, commands, context);
    }),
  );
  for (const run of runs) {
    const isLeftOver = !errors.has(run) && !run.isBlocked && temporaryTips(run.session.refs).size > 0;
    if (isLeftOver && run.transferMode !== 'batched') await guard(run, () => cleanUp(run));
  }
  context.signal?.throwIfAborted();
  return runs.map((run) => errors.get(run));
}

/** What has to go to a target, and the way it goes unless it turns out too large; undefined when there is nothing to do. */
async function prepare(source: PackSource, run: TargetRun, sourceHead: string | undefined): Promise<Work | undefined> {
  const commands = commandsOf(run.plans, run.format, sourceHead);
  if (run.isBlocked || commands.length === 0) return undefined;
  const needsObjects = run.wants(commands).length > 0;
  if (!source.relays && needsObjects && run.policy.mode === 'replicate') throw relayImpossible(source, run);
  const { atomic, pushOptions } = run.policy;
  const deletes = run.plans.some(({ action }) => action === 'delete');
  run.session.assertCan({ atomic, pushOptions: pushOptions.length > 0, deletes });
  if (run.policy.rewrite === 'keep') {
    const rewrites = run.plans.filter(({ action, reason }) => action === 'update' && reason !== fastForwardReason);
    await keepOldTips(run, rewrites, new Date());
    if (rewrites.length > 0) await run.session.refresh();
  }
  describeWay(source, run, commands);
  const need: Need = {
    wants: run.wants(commands),
    haves: chooseHaves(run.plans, run.session.refs, run.session.extraHaves),
  };
  return { need, delivery: { run, commands } };
}

function describeWay(source: PackSource, run: TargetRun, commands: readonly RefCommand[]): void {
  if (run.wants(commands).length === 0) {
    run.transferMode = 'none';
    run.reason = 'the target already has every object; only refs change';
  } else if (!source.relays) {
    run.transferMode = 'materialized';
    run.relay = false;
    run.reason = 'the source only has files (dumb HTTP); the pack is put together from a temporary store';
  } else if (run.isEmpty) {
    run.transferMode = 'bootstrap';
    run.reason = 'the target is empty; the pack is relayed as the source sends it';
  } else {
    run.transferMode = run.policy.mode === 'replicate' ? 'replicate' : 'incremental';
    run.reason = 'the target has part of the objects; the rest is relayed as the source sends it';
  }
}

function relayImpossible(source: PackSource, run: TargetRun): GitMirrorError {
  return new GitMirrorError(
    'GM_NO_RELAY',
    `Replicating ${source.displayUrl} to ${run.url} by relay is impossible: the source only has files (dumb HTTP). Use sync, which goes by way of a temporary store.`,
    { details: { sourceUrl: source.displayUrl, url: run.url } },
  );
}

async function pushInSteps(
  source: PackSource,
  run: TargetRun,
  commands: readonly RefCommand[],
  context: RunContext,
): Promise<void> {
  const limit = context.advanced.targetMaxPackBytes;
  if (limit !== undefined) run.reason = `packs for this target are kept below ${limit} bytes`;
  run.transferMode = 'batched';
  await new BatchedPush(source, run, context, limit ?? Infinity).push(commands);
}

function split<T>(items: readonly T[], test: (item: T) => boolean): [T[], T[]] {
  return [items.filter(test), items.filter((item) => !test(item))];
}

async function inParallel<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  await Promise.all(items.map(work));
}

async function inTurn<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  for (const item of items) await work(item);
}
