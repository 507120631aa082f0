import type { PackSource } from '../client/pack-source.ts';
import { encodeUtf8 } from '../core/bytes.ts';
import { GitMirrorError, isGitMirrorError } from '../core/error.ts';
import { nullOid, type ObjectId } from '../core/object-id.ts';
import { makeListingTree, planPackParts, type PackPart } from '../pack/pack-parts.ts';
import type { ObjectStore } from '../pack/object-store.ts';
import { objectsBetween } from '../pack/select-objects.ts';
import { writePack } from '../pack/write-pack.ts';
import type { RefCommand } from '../wire/update-request.ts';
import { openPack, type Need } from './relay.ts';
import type { RunContext } from './run-context.ts';
import { isTooLarge } from './send-batch.ts';
import type { TargetRun } from './target-run.ts';
import { openTemporaryStore } from './temporary-store.ts';
import { temporaryRefName } from './temporary-refs.ts';

/** One step that is too large for one push and cannot be cut along the history. */
export interface LargeStep {
  readonly need: Need;
  readonly commands: readonly RefCommand[];
  /** Largest pack the target takes. */
  readonly limitBytes: number;
}

/** The smallest limit worth trying: a part has to hold at least something. */
const minimumLimitBytes = 4096;
/** Share of a refused size that is tried next. */
const smallerTry = 0.7;

/**
 * Sends one step in parts: its pack goes to a temporary store; then files and folders are pushed in packs below the
 * limit, each held by a temporary ref to a commit that lists them, and last whatever needs them, with `commands`.
 * A replicate must not do this: `GM_NO_RELAY`. `GM_LIMIT` when a single object is larger than the target takes, or the
 * store's bounds are reached.
 */
export async function sendInParts(
  source: PackSource,
  run: TargetRun,
  context: RunContext,
  step: LargeStep,
): Promise<void> {
  if (run.policy.mode === 'replicate') {
    throw new GitMirrorError(
      'GM_NO_RELAY',
      `${run.url} takes no push as large as one commit of ${source.displayUrl} (${step.need.wants.join(', ')}), and replicate only relays. Use sync, which sends it in parts by way of a temporary store.`,
      { details: { url: run.url, wants: step.need.wants } },
    );
  }
  context.progress.phase('transfer', `sending one large commit to ${run.url} in parts`);
  const temporary = await openTemporaryStore(run.format, context);
  const { store } = temporary;
  try {
    await store.addPack(await openPack(source, step.need, true, context));
    // What the pack left out, the target has: that is what the haves said.
    const oids = await objectsBetween(store, { ...step.need, assumeTargetHas: () => true, ...signalOf(context) });
    await pushParts(store, run, context, oids, step);
  } finally {
    await temporary.close();
  }
  run.relay = false;
  run.reason += '; a commit too large for one push went in parts by way of a temporary store';
}

/** Cuts `oids` into parts and pushes them, smaller ones when the target refuses: its limit may only have been guessed. */
async function pushParts(
  store: ObjectStore,
  run: TargetRun,
  context: RunContext,
  oids: readonly ObjectId[],
  step: LargeStep,
): Promise<void> {
  let limitBytes = Math.max(minimumLimitBytes, Math.min(step.limitBytes, Number.MAX_SAFE_INTEGER));
  let left = oids;
  for (;;) {
    const parts = await planParts(store, run, context, left, limitBytes);
    const last = parts.pop();
    const sent = new Set<ObjectId>();
    let packBytes = 0;
    try {
      for (const part of parts) {
        ({ packBytes } = part);
        await pushPart(store, run, context, part.oids);
        for (const oid of part.oids) sent.add(oid);
      }
      packBytes = last?.packBytes ?? 0;
      await run.push(step.commands, packOf(store, last?.oids ?? [], run, context));
      return;
    } catch (error) {
      if (!isTooLarge(error) || packBytes <= minimumLimitBytes) throw error;
      await run.session.refresh();
      limitBytes = Math.max(minimumLimitBytes, Math.floor(packBytes * smallerTry));
      left = left.filter((oid) => !sent.has(oid));
    }
  }
}

async function planParts(
  store: ObjectStore,
  run: TargetRun,
  context: RunContext,
  oids: readonly ObjectId[],
  limitBytes: number,
): Promise<PackPart[]> {
  try {
    return await planPackParts(store, oids, limitBytes, signalOf(context));
  } catch (error) {
    if (!isGitMirrorError(error, 'GM_LIMIT')) throw error;
    const { message, details } = error;
    throw new GitMirrorError(
      'GM_LIMIT',
      `Pushing to ${run.url} in parts is impossible. ${message} Raise what the target takes in one request: ${run.reason}.`,
      { cause: error, details: { ...details, url: run.url } },
    );
  }
}

/** Pushes objects that nothing refers to yet, under a commit that lists them. */
async function pushPart(
  store: ObjectStore,
  run: TargetRun,
  context: RunContext,
  oids: readonly ObjectId[],
): Promise<void> {
  const isListed = (oid: ObjectId) => ['blob', 'tree'].includes(store.typeOf(oid) ?? '');
  const listed = oids.filter(isListed);
  const tips = oids.filter((oid) => !isListed(oid));
  const made: ObjectId[] = [];
  if (listed.length > 0) {
    const tree = makeListingTree(
      listed.map((oid) => ({ oid, type: store.typeOf(oid) ?? 'blob' })),
      run.format,
    );
    made.push(await store.addObject('tree', tree.content), await store.addObject('commit', listingCommit(tree.oid)));
    tips.push(...made.slice(1));
  }
  const none = nullOid(run.format);
  const held = run.session.refs;
  const commands = tips
    .map((oid): RefCommand => ({ ref: temporaryRefName(oid), oldOid: none, newOid: oid }))
    .filter(({ ref }) => !held.has(ref));
  if (commands.length > 0) await run.push(commands, packOf(store, [...oids, ...made], run, context));
}

/** Always the same for the same tree, so that a rerun finds what an earlier run has sent. */
function listingCommit(tree: ObjectId): Uint8Array {
  const who = 'git-mirror <git-mirror@localhost> 0 +0000';
  return encodeUtf8(`tree ${tree}\nauthor ${who}\ncommitter ${who}\n\nobjects on their way\n`);
}

function packOf(store: ObjectStore, oids: readonly ObjectId[], run: TargetRun, context: RunContext) {
  return context.progress.count(writePack(store, oids, { format: run.format, ...signalOf(context) }), run.url, true);
}

function signalOf({ signal }: RunContext): { readonly signal?: AbortSignal } {
  return signal === undefined ? {} : { signal };
}
