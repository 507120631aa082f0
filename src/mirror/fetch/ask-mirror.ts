import { setTimeout } from 'node:timers/promises';
import { GitMirrorError } from '../../core/error.ts';
import { displayUrl } from '../../transport/display-url.ts';
import type { BulkRequest, OriginRef } from '../bulk-fetch.ts';
import type { GitProgram } from '../git-program.ts';
import { parseListing } from '../list-remote.ts';
import type { MirrorCandidate } from '../mirror-candidate.ts';
import { chooseTips, type WantedTip } from './choose-tips.ts';
import { heldObjects, nothingFetched } from './held-objects.ts';
import { isolatedEnvironment, isolatedFlags, obstacleTo } from './isolation.ts';
import { holdTips } from './hold-tips.ts';
import { openQuarantine, type Quarantine } from './quarantine.ts';
import { runApart } from './run-apart.ts';
import { Watchdog } from './watchdog.ts';

/** So many names are asked for one by one; for more, all refs are. */
const maxPatterns = 200;
const watchIntervalMs = 200;
/** What git says once all of a pack has arrived. */
const arrivedWords = 'Resolving deltas:';
/** Name of the remote that a mirror is while a filter counts: only remotes with names can be promisors. */
const filteredRemote = 'git-mirror--bulk';

/** How one mirror is asked. */
type AskOptions = Pick<BulkRequest, 'scope' | 'limits' | 'reporter' | 'signal'>;

/**
 * Takes from one mirror what it has of `wanted`, and puts refs below `refs/mirror/<space>/` on it. Resolves to how many
 * tips were fetched; throws when the mirror failed or was too slow, and then nothing of that has changed the repository.
 */
export async function askMirror(
  git: GitProgram,
  mirror: MirrorCandidate,
  wanted: readonly OriginRef[],
  { scope, limits, reporter, signal }: AskOptions,
): Promise<number> {
  const obstacle = await obstacleTo(git, mirror);
  if (obstacle !== undefined) throw new GitMirrorError('GM_USAGE', obstacle);
  const watchdog = new Watchdog(limits, performance.now());
  const listed = await listMirror(git, mirror, wanted, { firstByteMs: limits.firstByteMs, signal });
  const tips = chooseTips(mirror, wanted, listed, scope.length === 0 ? 'any-state' : 'exact');
  const held = await heldObjects(
    git,
    tips.map(({ oid }) => oid),
  );
  const lacking = tips.filter(({ oid }) => !held.has(oid));
  if (lacking.length === 0) return 0;
  const noun = lacking.length === 1 ? 'ref' : 'refs';
  reporter.note(`taking ${String(lacking.length)} ${noun} from mirror ${displayUrl(mirror.url)}`);
  const quarantine = await openQuarantine(git);
  try {
    await fetchTips(git, mirror, lacking, { scope, signal, watchdog, quarantine });
    if (scope.length > 0) await checkHistory(git, lacking, quarantine, signal);
    await quarantine.keep();
    // A ref of the mirror's may have moved since it was listed: then what it was may not be here.
    const arrived = await heldObjects(
      git,
      lacking.map(({ oid }) => oid),
    );
    await holdTips(
      git,
      mirror.space,
      lacking.filter(({ oid }) => arrived.has(oid)),
    );
  } finally {
    await quarantine.drop();
  }
  return lacking.length;
}

/**
 * Refuses a history with holes. Git takes what is missing behind a filter for promised, commits, too, but a filter leaves out
 * trees and blobs alone.
 */
async function checkHistory(
  git: GitProgram,
  tips: readonly WantedTip[],
  quarantine: Quarantine,
  signal: AbortSignal,
): Promise<void> {
  const { status } = await git.run(['rev-list', '--count', '--stdin'], {
    input: [...tips.map(({ oid }) => oid), '--not', '--all', ''].join('\n'),
    env: { ...quarantine.env, ...nothingFetched },
    allowStatus: [1, 128],
    signal,
  });
  if (status !== 0) throw new GitMirrorError('GM_CORRUPT', 'it left out commits');
}

async function listMirror(
  git: GitProgram,
  mirror: MirrorCandidate,
  wanted: readonly OriginRef[],
  { firstByteMs, signal }: { readonly firstByteMs: number; readonly signal: AbortSignal },
): Promise<readonly OriginRef[]> {
  const patterns = wanted.length > maxPatterns ? [] : wanted.map(({ name }) => name);
  const late = AbortSignal.timeout(firstByteMs);
  const outcome = await runApart(
    git,
    [...isolatedFlags(git, mirror), 'ls-remote', '--refs', '--', mirror.url, ...patterns],
    {
      env: isolatedEnvironment(git, mirror),
      signal: AbortSignal.any([signal, late]),
    },
  ).catch((error: unknown) => {
    if (signal.aborted || !late.aborted) throw error;
    throw new GitMirrorError('GM_TIMEOUT', `it did not list its refs in ${String(firstByteMs / 1000)} s`);
  });
  if (outcome.status !== 0)
    throw new GitMirrorError('GM_REMOTE', complaintOf(outcome.complaint, 'listing refs failed'));
  return parseListing(outcome.stdout).refs;
}

interface TipsOptions {
  readonly scope: readonly string[];
  readonly signal: AbortSignal;
  readonly watchdog: Watchdog;
  readonly quarantine: Quarantine;
}

async function fetchTips(
  git: GitProgram,
  mirror: MirrorCandidate,
  tips: readonly WantedTip[],
  { scope, signal, watchdog, quarantine }: TipsOptions,
): Promise<void> {
  const stop = new AbortController();
  let lastWordMs: number | undefined;
  let hasArrived = false;
  let lastLine = '';
  const ended = new AbortController();
  const watching = watch(ended.signal, async () => {
    const { bytes, hasPack } = await quarantine.measure();
    const reason = watchdog.check({ nowMs: performance.now(), bytes, lastWordMs, isComplete: hasArrived || hasPack });
    if (reason !== undefined) stop.abort(new GitMirrorError('GM_TIMEOUT', reason));
  });
  try {
    const outcome = await runApart(git, [...isolatedFlags(git, mirror), ...fetchArguments(mirror, scope)], {
      env: { ...isolatedEnvironment(git, mirror), ...quarantine.env },
      // Without a target: refs are made when the objects are the repository's.
      input: tips.map(({ source }) => `${source}\n`).join(''),
      signal: AbortSignal.any([signal, stop.signal]),
      onStderr: (text) => {
        lastWordMs = performance.now();
        lastLine = `${lastLine}${text}`.slice(-200);
        hasArrived ||= lastLine.replaceAll(/^remote: .*$/gm, '').includes(arrivedWords);
      },
    });
    if (outcome.status !== 0) throw new GitMirrorError('GM_REMOTE', complaintOf(outcome.complaint, 'git fetch failed'));
  } finally {
    ended.abort();
    await watching;
  }
}

function fetchArguments(mirror: MirrorCandidate, scope: readonly string[]): readonly string[] {
  const filter = scope.find((flag) => flag.startsWith('--filter='))?.slice('--filter='.length);
  const remote = `remote.${filteredRemote}`;
  const settings =
    filter === undefined
      ? []
      : [
          '-c',
          `${remote}.url=${mirror.url}`,
          '-c',
          `${remote}.promisor=true`,
          '-c',
          `${remote}.partialCloneFilter=${filter}`,
        ];
  return [
    ...settings,
    'fetch',
    '--progress',
    '--stdin',
    '--no-tags',
    '--no-prune',
    '--no-write-fetch-head',
    '--no-auto-maintenance',
    '--recurse-submodules=no',
    ...scope,
    '--',
    filter === undefined ? mirror.url : filteredRemote,
  ];
}

/** Calls `look` now and then until `signal`. */
async function watch(signal: AbortSignal, look: () => Promise<void>): Promise<void> {
  for (;;) {
    await setTimeout(watchIntervalMs, undefined, { signal }).catch(() => undefined);
    if (signal.aborted) return;
    await look();
  }
}

function complaintOf(complaint: string, otherwise: string): string {
  return complaint === '' ? otherwise : complaint;
}
