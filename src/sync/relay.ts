import { explainWork } from '../client/decode-while.ts';
import type { PackSource } from '../client/pack-source.ts';
import type { ByteStream } from '../core/byte-stream.ts';
import { GitMirrorError, isGitMirrorError } from '../core/error.ts';
import type { ObjectId } from '../core/object-id.ts';
import { observePack } from '../pack/pack-meter.ts';
import type { RefCommand } from '../wire/update-request.ts';
import { holdLastChunk } from './hold-last-chunk.ts';
import type { RunContext } from './run-context.ts';
import type { TargetRun } from './target-run.ts';
import { teeStream, type TeeBranch } from './tee-stream.ts';

const defaultSlowTargetMs = 10_000;

/** Objects that have to go from the source to a target. */
export interface Need {
  readonly wants: readonly ObjectId[];
  readonly haves: readonly ObjectId[];
}

/** One target of a relay and the ref updates that go with the pack. */
export interface Delivery {
  readonly run: TargetRun;
  readonly commands: readonly RefCommand[];
}

/**
 * The pack of `need` from the source, watched: not a pack, cut off, or larger than the caller allows is an error. Its
 * last chunk comes only when the source has ended well.
 */
export async function openPack(
  source: PackSource,
  need: Need,
  ofsDelta: boolean,
  context: RunContext,
  maxBytes?: number,
): Promise<ByteStream> {
  const doing = `fetching from ${source.displayUrl}`;
  const { pack } = await source.fetchPack({ ...need, ofsDelta }, doing);
  if (pack === undefined) {
    throw new GitMirrorError('GM_PROTOCOL', `${source.displayUrl} answered a fetch without a pack.`);
  }
  const { maxPackBytes = Infinity } = context.advanced;
  const observed = observePack(context.progress.count(pack, 'source', false), {
    format: source.objectFormat,
    maxBytes,
    onBytes: (bytes) => {
      if (bytes <= maxPackBytes) return;
      throw new GitMirrorError(
        'GM_LIMIT',
        `${source.displayUrl} sent more than the ${maxPackBytes} bytes allowed for a pack. Raise --max-pack-bytes.`,
        { details: { limit: 'maxSourcePackBytes', bytes } },
      );
    },
    onHeader: ({ objectCount }) => {
      context.progress.emit({ type: 'pack', objects: objectCount });
    },
  });
  return holdLastChunk(explainErrors(observed, doing, source.displayUrl));
}

async function* explainErrors(stream: ByteStream, doing: string, url: string): AsyncGenerator<Uint8Array, void, void> {
  try {
    yield* stream;
  } catch (error) {
    throw explainWork(error, doing, url);
  }
}

/**
 * Sends the objects of `need` from the source into the pushes of all `deliveries` as they arrive: nothing is decoded,
 * stored or collected, and the slowest end sets the pace. Returns what went wrong, by delivery; a target that was put
 * off for being slow is tried once more by itself.
 */
export async function relay(
  source: PackSource,
  need: Need,
  deliveries: readonly Delivery[],
  context: RunContext,
): Promise<readonly unknown[]> {
  context.progress.phase('transfer', `relaying to ${deliveries.map(({ run }) => run.url).join(', ')}`);
  const slowMs = context.advanced.slowTargetMs ?? defaultSlowTargetMs;
  const ofsDelta = deliveries.every(({ run }) => run.session.takesOfsDelta);
  let packs: readonly TeeBranch[] | undefined;
  if (need.wants.length > 0) {
    const pack = await openPack(source, need, ofsDelta, context);
    packs = deliveries.length === 1 ? [onlyBranch(pack)] : teeStream(pack, deliveries.length, slowMs);
  }
  const outcomes = await Promise.allSettled(
    deliveries.map(({ run, commands }, index) => deliver(run, commands, packs?.[index], context)),
  );
  const errors = outcomes.map((outcome): unknown => (outcome.status === 'rejected' ? outcome.reason : undefined));
  for (const [index, delivery] of deliveries.entries()) {
    const error = errors[index];
    if (!isGitMirrorError(error, 'GM_TIMEOUT') || error.details['putOff'] !== true) continue;
    errors[index] = await retryAlone(source, need, delivery, context);
  }
  return errors;
}

/** What goes wrong here is this target's own affair: the others have their outcome already. */
async function retryAlone(source: PackSource, need: Need, delivery: Delivery, context: RunContext): Promise<unknown> {
  try {
    await delivery.run.session.refresh();
    return (await relay(source, need, [delivery], context))[0];
  } catch (error) {
    context.signal?.throwIfAborted();
    return error;
  }
}

async function deliver(
  run: TargetRun,
  commands: readonly RefCommand[],
  pack: TeeBranch | undefined,
  context: RunContext,
): Promise<void> {
  const perPush = context.advanced.targetMaxRefUpdates ?? commands.length;
  const counted = pack === undefined ? undefined : context.progress.count(pack.stream, run.url, true);
  try {
    await run.push(commands.slice(0, perPush), counted, pack?.dropped);
  } finally {
    pack?.leave();
  }
  for (let first = perPush; first < commands.length; first += perPush) {
    await run.push(commands.slice(first, first + perPush));
  }
}

/** With one consumer there is nothing to share, and closing the session releases the source. */
function onlyBranch(stream: ByteStream): TeeBranch {
  return { stream, dropped: new AbortController().signal, leave: () => undefined };
}
