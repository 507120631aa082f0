import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { GitMirrorError } from '../../core/error.ts';
import { displayUrl } from '../../transport/display-url.ts';
import type { BulkRequest, OriginRef } from '../bulk-fetch.ts';
import type { GitProgram } from '../git-program.ts';
import { parseListing } from '../list-remote.ts';
import type { MirrorCandidate } from '../mirror-candidate.ts';
import { chooseTips, type WantedTip } from './choose-tips.ts';
import { cloneRefFlags } from './clone-ref-flags.ts';
import { heldObjects, nothingFetched } from './held-objects.ts';
import { isolatedEnvironment, isolatedFlags, obstacleTo } from './isolation.ts';
import { holdTips } from './hold-tips.ts';
import { openQuarantine, type Quarantine } from './quarantine.ts';
import { runApart, type ApartOptions } from './run-apart.ts';
import { Watchdog } from './watchdog.ts';

/** So many names are asked for one by one; for more, all refs are. */
const maxPatterns = 200;
const watchIntervalMs = 200;
/** What git says once all of a pack has arrived. */
const arrivedWords = 'Resolving deltas:';
/** Name of the remote that a mirror is while a filter counts: only remotes with names can be promisors. */
const filteredRemote = 'git-mirror--bulk';

/** What a new repository may have set that says nothing of how others are reached. */
const ownKey =
  /^(?:$|core\.(?!sshcommand|gitproxy|askpass)|extensions\.|remote\.|branch\.|mirror\.|submodule\.|init\.)/;
/** A clone within a repository is another one. */
const outside = {
  GIT_DIR: undefined,
  GIT_WORK_TREE: undefined,
  GIT_COMMON_DIR: undefined,
  GIT_INDEX_FILE: undefined,
  GIT_SHALLOW_FILE: undefined,
  GIT_PREFIX: undefined,
} as const;

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
  const note = (count: number): void => {
    reporter.note(`taking ${String(count)} ${count === 1 ? 'ref' : 'refs'} from mirror ${displayUrl(mirror.url)}`);
  };
  const quarantine = await openQuarantine(git);
  const run: TipsRun = { git, mirror, signal, watchdog, quarantine };
  try {
    let arrived: readonly WantedTip[];
    if (scope.length === 0 && (await canClone(git, quarantine))) {
      note(wanted.length);
      arrived = await cloneTips(run, wanted);
    } else {
      const lacking = await findLacking(run, wanted, { scope, firstByteMs: limits.firstByteMs });
      if (lacking.length === 0) return 0;
      note(lacking.length);
      arrived = await fetchTips(run, lacking, scope);
      if (scope.length > 0) await checkHistory(git, arrived, quarantine, signal);
    }
    await quarantine.keep();
    await holdTips(git, mirror.space, arrived);
    return arrived.length;
  } finally {
    await quarantine.drop();
  }
}

/** What the mirror has of `wanted`, in whatever state unless a scope asks for the origin's, and what is not here yet. */
async function findLacking(
  { git, mirror, signal }: TipsRun,
  wanted: readonly OriginRef[],
  { scope, firstByteMs }: { readonly scope: readonly string[]; readonly firstByteMs: number },
): Promise<readonly WantedTip[]> {
  const listed = await listMirror(git, mirror, wanted, { firstByteMs, signal });
  const tips = chooseTips(mirror, wanted, listed, scope.length === 0 ? 'any-state' : 'exact');
  const held = await heldObjects(
    git,
    tips.map(({ oid }) => oid),
  );
  return tips.filter(({ oid }) => !held.has(oid));
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
  // Before 2.42 git takes no options from its input.
  const { status } = await git.run(['rev-list', '--count', '--stdin', '--not', '--all'], {
    input: tips.map(({ oid }) => `${oid}\n`).join(''),
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

interface TipsRun {
  readonly git: GitProgram;
  readonly mirror: MirrorCandidate;
  readonly signal: AbortSignal;
  readonly watchdog: Watchdog;
  readonly quarantine: Quarantine;
}

/** Whether a repository is new, and has no settings that a clone within it would not see. */
async function canClone(git: GitProgram, quarantine: Quarantine): Promise<boolean> {
  if (!(await quarantine.isFirst())) return false;
  const keys = await git.text(['config', '--local', '--name-only', '--list'], { allowStatus: [1] });
  return keys.split('\n').every((key) => ownKey.test(key));
}

/**
 * Fills a new repository by a `git clone --bare` beside its objects: that checks what it reads while it reads it, where a
 * fetch walks through all of history afterwards. Resolves to what it has found whole of the refs that are wanted.
 */
async function cloneTips(run: TipsRun, wanted: readonly OriginRef[]): Promise<readonly WantedTip[]> {
  const path = join(run.quarantine.path, 'clone');
  const words = ['clone', '--progress', '--template=', '--no-local', ...cloneRefFlags(wanted.map(({ name }) => name))];
  await runWatched(run, ['-c', 'transfer.bundleURI=false', ...words, '--', run.mirror.url, path], {
    env: { ...outside, GIT_OBJECT_DIRECTORY: run.quarantine.path },
  });
  if (existsSync(join(path, 'shallow'))) throw new GitMirrorError('GM_REMOTE', 'its history is cut off');
  const inside = run.git.with({ ...outside, GIT_DIR: path, GIT_OBJECT_DIRECTORY: run.quarantine.path });
  const arrived = chooseTips(run.mirror, wanted, await listOwnRefs(inside), 'any-state');
  if (arrived.length === 0) throw new GitMirrorError('GM_REMOTE', 'it has none of the refs that are wanted');
  return arrived;
}

async function listOwnRefs(git: GitProgram): Promise<readonly OriginRef[]> {
  const listing = await git.text(['for-each-ref', '--format=%(objectname)%09%(refname)']);
  return listing === '' ? [] : parseListing(listing).refs;
}

/** Fetches `tips`, which git then checks to be whole, each of them. */
async function fetchTips(
  run: TipsRun,
  tips: readonly WantedTip[],
  scope: readonly string[],
): Promise<readonly WantedTip[]> {
  await runWatched(run, fetchArguments(run.mirror, scope), {
    env: run.quarantine.env,
    // Without a target: refs are made when the objects are the repository's.
    input: tips.map(({ oid }) => `${oid}\n`).join(''),
  });
  return tips;
}

/** Runs git apart, and ends it when the mirror is too slow or sends too much. */
async function runWatched(
  { git, mirror, signal, watchdog, quarantine }: TipsRun,
  args: readonly string[],
  { env, input }: Pick<ApartOptions, 'env' | 'input'>,
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
    const outcome = await runApart(git, [...isolatedFlags(git, mirror), ...args], {
      env: { ...isolatedEnvironment(git, mirror), ...env },
      input,
      signal: AbortSignal.any([signal, stop.signal]),
      onStderr: (text) => {
        lastWordMs = performance.now();
        lastLine = `${lastLine}${text}`.slice(-200);
        hasArrived ||= lastLine.replaceAll(/^remote: .*$/gm, '').includes(arrivedWords);
      },
    });
    if (outcome.status !== 0) throw new GitMirrorError('GM_REMOTE', complaintOf(outcome.complaint, 'git failed'));
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
