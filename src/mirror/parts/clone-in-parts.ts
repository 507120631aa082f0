import type { ObjectId } from '../../core/object-id.ts';
import type { OriginRef } from '../bulk-fetch.ts';
import { fetchFromMirrors } from '../fetch/fetch-from-mirrors.ts';
import type { GitProgram } from '../git-program.ts';
import type { MirrorCandidate, MirrorLimits, MirrorReporter } from '../mirror-candidate.ts';
import { collectParts } from './collect-parts.ts';
import { MirrorLane } from './mirror-lane.ts';
import { prepareStaging } from './prepare-staging.ts';

/** What is cloned, and from whom. */
export interface PartsRequest {
  /** Git in a bare repository that exists and was made for this. Nobody else writes to it meanwhile. */
  readonly staging: GitProgram;
  /** Whose history it is: what an earlier run left for another one is not used. */
  readonly originUrl: string;
  readonly mirrors: readonly MirrorCandidate[];
  /** What the origin has now. */
  readonly originRefs: readonly OriginRef[];
  readonly limits: MirrorLimits;
  readonly reporter: MirrorReporter;
  /** Ends everything; what has arrived is there for the next run. */
  readonly signal: AbortSignal;
  /** Gives the signal that ends the asking of mirrors, and no more: what has arrived by then is joined. */
  readonly skip?: (() => AbortSignal) | undefined;
}

/** What came of it. */
export interface PartsResult {
  /** Of `originRefs`, those that are here with everything they reach. Refs below `refs/mirror/parts/` hold them. */
  readonly arrived: readonly OriginRef[];
  /**
   * Per mirror that was asked for parts: bytes that it sent, and parts that came whole from it, in this run. Empty where git
   * took everything in one piece, because it is to check objects (`fetch.fsckObjects`).
   */
  readonly perMirror: readonly { readonly mirror: MirrorCandidate; readonly bytes: number; readonly parts: number }[];
  /** Mirrors that were left, and why. */
  readonly failed: readonly { readonly mirror: MirrorCandidate; readonly reason: string }[];
}

/**
 * Takes the history of a repository in parts, from several mirrors at the same time, and joins it. A run that was ended in
 * any way is taken up by the next one over the same staging repository: parts that are there are not asked for again.
 *
 * Nothing rests on what mirrors say: objects are named by their content, tips are those of the origin, and no ref is made
 * before one walk has found everything that it reaches. No failure of a mirror is an error; what did not arrive is for the
 * origin to give.
 *
 * @throws GitMirrorError `GM_SYSTEM` for what is wrong on this machine; the reason of `signal`
 */
export async function cloneInParts(request: PartsRequest): Promise<PartsResult> {
  const { staging, mirrors, originRefs, limits, signal, skip } = request;
  signal.throwIfAborted();
  const place = await prepareStaging(staging);
  const held = new Set(await heldTips(staging));
  const wanted = originRefs.filter(({ oid }) => !held.has(oid));
  if (wanted.length === 0 || mirrors.length === 0) return resultOf(originRefs, held, []);
  if (await mustCheckObjects(staging)) return takeWhole(request, wanted, held);
  const skipped = skip?.();
  const lanesSignal = skipped === undefined ? signal : AbortSignal.any([signal, skipped]);
  const lanes = mirrors.map(
    (mirror) => new MirrorLane(mirror, { git: staging, limits, objectFormat: place.objectFormat, signal: lanesSignal }),
  );
  try {
    await Promise.all(lanes.map((lane) => lane.list(prefixesOf(wanted))));
    signal.throwIfAborted();
    for (const { displayUrl, leftReason } of lanesSignal.aborted ? [] : lanes) {
      if (leftReason !== undefined) request.reporter.note(`mirror ${displayUrl} left: ${leftReason}`);
    }
    const proven = await collectParts({ ...request, ...place, held: [...held], wanted, lanes, lanesSignal });
    return resultOf(originRefs, new Set([...held, ...proven]), lanes);
  } finally {
    await Promise.all(lanes.map((lane) => lane.close()));
  }
}

/** Whether git is to check objects when it fetches (git-config(1), `fetch.fsckObjects`), some of which a part alone hides. */
async function mustCheckObjects(staging: GitProgram): Promise<boolean> {
  for (const name of ['fetch.fsckObjects', 'transfer.fsckObjects']) {
    const { stdout } = await staging.run(['config', '--type=bool', '--get', name], { allowStatus: [1] });
    if (stdout !== '') return stdout.trim() === 'true';
  }
  return false;
}

/** Everything in one piece, by git itself, from one mirror after another. */
async function takeWhole(
  request: PartsRequest,
  wanted: readonly OriginRef[],
  held: ReadonlySet<ObjectId>,
): Promise<PartsResult> {
  const { staging, mirrors, originRefs, limits, reporter, signal, skip } = request;
  reporter.note('fetch.fsckObjects is set: everything in one piece, from one mirror after another');
  const { arrived, failed } = await fetchFromMirrors({
    git: staging,
    mirrors,
    wanted,
    scope: [],
    limits,
    reporter,
    signal,
    skip: skip ?? (() => new AbortController().signal),
  });
  return { ...resultOf(originRefs, new Set([...held, ...arrived.map(({ oid }) => oid)]), []), failed };
}

async function heldTips(staging: GitProgram): Promise<readonly ObjectId[]> {
  const text = await staging.text(['for-each-ref', '--format=%(objectname)']);
  return text.split('\n').filter((line) => line !== '') as ObjectId[];
}

function prefixesOf(refs: readonly OriginRef[]): readonly string[] {
  const usual = ['refs/heads/', 'refs/tags/'];
  return refs.every(({ name }) => usual.some((prefix) => name.startsWith(prefix))) ? usual : ['refs/'];
}

function resultOf(
  originRefs: readonly OriginRef[],
  held: ReadonlySet<ObjectId>,
  lanes: readonly MirrorLane[],
): PartsResult {
  return {
    arrived: originRefs.filter(({ oid }) => held.has(oid)),
    perMirror: lanes.map(({ mirror, bytes, parts }) => ({ mirror, bytes, parts })),
    failed: lanes.flatMap(({ mirror, leftReason }) =>
      leftReason === undefined ? [] : [{ mirror, reason: leftReason }],
    ),
  };
}
