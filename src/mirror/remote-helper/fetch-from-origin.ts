import { ChildFailed } from './child-failed.ts';
import type { ChildGit } from './child-git.ts';
import type { WantedRef } from './command-reader.ts';
import { isFetchSummary } from './notice-filter.ts';
import { originArguments, type Origin } from './origin-arguments.ts';
import type { TransferOptions } from './transfer-options.ts';

/** More than these go to git by its standard input. */
const maxArgumentIds = 100;
/** What servers and git say of objects that are not at the tip of a ref any more. */
const noSuchTip = /unadvertised object|not our ref/;

/**
 * Fetches objects from the origin, by their exact names, with git-fetch(1). Where the server gives only what is at its
 * refs now (version 0 of the protocol), and they have moved since they were listed, by the names of the refs.
 *
 * @param tips - what is here and counts as such, when there are no refs yet that say so
 * @throws ChildFailed when git could not: it has said why
 */
export async function fetchFromOrigin(
  git: ChildGit,
  origin: Origin,
  wanted: readonly WantedRef[],
  options: TransferOptions,
  tips: readonly string[] = [],
): Promise<void> {
  const ids = [...new Set(wanted.map(({ oid }) => oid))];
  const fetchSome = (specs: readonly string[], hide: (line: string) => boolean): ReturnType<ChildGit['run']> =>
    git.run(fetchArguments(origin, specs, options, tips), {
      hide: (line) => isFetchSummary(line) || hide(line),
      input: specs.length > maxArgumentIds ? `${specs.join('\n')}\n` : undefined,
      env: options.noDependents ? { GIT_NO_LAZY_FETCH: '1' } : {},
    });
  const outcome = await fetchSome(ids, (line) => noSuchTip.test(line));
  if (outcome.status === 0) return;
  if (!noSuchTip.test(outcome.said)) throw new ChildFailed(outcome.status);
  const names = [...new Set(wanted.map(({ name }) => name).filter((name) => name.startsWith('refs/')))];
  const second = names.length === 0 ? outcome : await fetchSome(names, () => false);
  if (second.status !== 0) throw new ChildFailed(second.status);
}

/** Flags of git-fetch(1) that say how much is wanted, as git has told by its options. */
function scopeFlags(options: TransferOptions): readonly string[] {
  const { depth, deepenRelative, deepenSince, deepenNot, filter, updateShallow, refetch, cloning } = options;
  return [
    ...(depth === undefined ? [] : [deepenRelative ? `--deepen=${depth}` : `--depth=${depth}`]),
    ...(deepenSince === undefined ? [] : [`--shallow-since=${deepenSince}`]),
    ...deepenNot.map((ref) => `--shallow-exclude=${ref}`),
    ...(filter === undefined ? [] : [`--filter=${filter}`]),
    ...(updateShallow || cloning ? ['--update-shallow'] : []),
    ...(refetch ? ['--refetch'] : []),
  ];
}

function fetchArguments(
  origin: Origin,
  specs: readonly string[],
  options: TransferOptions,
  tips: readonly string[],
): readonly string[] {
  // A remote that is known to promise is not written down as one by `git fetch --filter`.
  const promises = [
    ...(options.filter === undefined ? [] : [['partialclonefilter', options.filter] as const]),
    ...(options.filter === undefined && !options.fromPromisor ? [] : [['promisor', 'true'] as const]),
  ];
  const { config, remote } = originArguments(origin, promises);
  const byInput = specs.length > maxArgumentIds;
  return [
    ...config,
    'fetch',
    '--no-write-fetch-head',
    '--no-tags',
    '--no-auto-maintenance',
    '--recurse-submodules=no',
    options.progress ? '--progress' : '--no-progress',
    ...(options.verbosity < 1 ? ['--quiet'] : Array<string>(Math.min(options.verbosity, 4) - 1).fill('--verbose')),
    ...(options.family === 'ipv4' || options.family === 'ipv6' ? [`--${options.family}`] : []),
    ...scopeFlags(options),
    ...tips.slice(0, maxArgumentIds).map((tip) => `--negotiation-tip=${tip}`),
    ...(byInput ? ['--stdin'] : []),
    remote,
    ...(byInput ? [] : specs),
  ];
}
