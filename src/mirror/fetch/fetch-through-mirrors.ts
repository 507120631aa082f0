import { writeFile } from 'node:fs/promises';
import { isGitMirrorError } from '../../core/error.ts';
import type { BulkResult, OriginRef } from '../bulk-fetch.ts';
import { chooseMirrors, type MirrorFlags } from '../choose/choose-mirrors.ts';
import { cleanMirrorRefs } from '../clean-refs.ts';
import type { GitProgram } from '../git-program.ts';
import { learnMirrors, learnMore } from '../learn/learn-mirrors.ts';
import { parseListing, type RemoteListing } from '../list-remote.ts';
import type { MirrorCandidate, MirrorReporter } from '../mirror-candidate.ts';
import { readGitSettings, type GitSettings } from '../settings/git-settings.ts';
import { remoteMirrorsOf, type RemoteMirrors } from '../settings/remote-mirrors.ts';
import { fetchFromMirrors } from './fetch-from-mirrors.ts';
import { readFetchCommand, type FetchCommand } from './fetch-options.ts';
import { remotesOf } from './fetch-remotes.ts';
import { findNews, type News } from './find-news.ts';
import { readLocalState, type LocalState } from './local-state.ts';
import type { MirrorInterrupts } from './mirror-interrupts.ts';
import { parseFetchRefspec, sourceOf } from './refspec.ts';
import { runForeground } from './run-foreground.ts';

/** A `git mirror fetch`. */
export interface MirrorFetch {
  /** Git in the repository that fetches. */
  readonly git: GitProgram;
  /** The words that `git fetch` would get. */
  readonly words: readonly string[];
  readonly flags: MirrorFlags;
  /** Shows a line to whoever waits. */
  readonly say: (line: string) => void;
  readonly interrupts: MirrorInterrupts;
}

/** What one fetch goes by. */
interface Scene extends MirrorFetch {
  readonly reporter: MirrorReporter;
  readonly command: FetchCommand;
  readonly settings: GitSettings;
  readonly local: LocalState;
}

/**
 * Fetches as `git fetch` does, with objects from mirrors first. Resolves to git's exit status.
 *
 * The origin is asked for its refs; with nothing new that is all, and FETCH_HEAD is as git would have left it. Otherwise
 * mirrors give what they have of the objects that are missing, and `git fetch` itself does the rest with the origin: it
 * moves the refs and says so. Then the refs of mirrors that hold nothing more are removed.
 *
 * Whatever goes wrong before `git fetch` is for `git fetch` to say, but settings and flags of ours that make no sense:
 * `GM_USAGE`. Throws the reason of the interrupts' signal.
 */
export async function fetchThroughMirrors(fetch: MirrorFetch): Promise<number> {
  const { git, words, interrupts } = fetch;
  const command = readFetchCommand(words);
  const reporter = reporterFor(fetch, command);
  const scene = command.isForMirrors ? await openScene({ ...fetch, command, reporter }) : undefined;
  const remotes = scene === undefined ? [] : remotesOf(command, scene.settings, scene.local.branch);
  if (scene !== undefined) {
    for (const remote of remotes) {
      const news = await prepare(scene, remote);
      interrupts.leaveMirrors();
      if (news?.kind === 'nothing' && remotes.length === 1) {
        await writeFile(scene.local.fetchHeadPath, news.fetchHead);
        return 0;
      }
    }
  }
  const status = await runForeground(
    git,
    [...remotes.flatMap((remote) => guards(scene, remote)), 'fetch', ...words],
    interrupts,
  );
  const { kept } = await cleanMirrorRefs(git, interrupts.signal);
  for (const { name } of kept) reporter.detail(`kept ${name}: it holds more than your own refs`);
  return status;
}

function reporterFor({ say }: MirrorFetch, { isQuiet, isVerbose }: FetchCommand): MirrorReporter {
  const nothing = (): void => undefined;
  return { note: isQuiet ? nothing : say, detail: isVerbose ? say : nothing };
}

/** Undefined outside of a repository: git says so. */
async function openScene(fetch: Omit<Scene, 'settings' | 'local'>): Promise<Scene | undefined> {
  try {
    const [settings, local] = await Promise.all([readGitSettings(fetch.git), readLocalState(fetch.git)]);
    return { ...fetch, settings, local };
  } catch (error) {
    if (isGitMirrorError(error, 'GM_SYSTEM')) return undefined;
    throw error;
  }
}

/** The URL that git uses for the remote. Git is asked only where it would make another one of what is configured. */
async function usedUrl({ git, settings }: Scene, remote: string): Promise<string> {
  const [url] = settings.all(`remote.${remote}.url`);
  const isChanged = settings.subsections('url', 'insteadof').length > 0;
  return url === undefined || url === '' || isChanged ? git.text(['ls-remote', '--get-url', remote]) : url;
}

/** Brings what mirrors have of what is new at the remote. Undefined when that was not looked at. */
async function prepare(scene: Scene, remote: string): Promise<News | undefined> {
  const { git, command, settings, local, flags } = scene;
  const known = remoteMirrorsOf(settings, remote);
  if (!mayLearn(known, flags) && chooseMirrors(known, flags).length === 0) return undefined;
  const listing = await askOrigin(scene, remote);
  if (listing === undefined) return undefined;
  const news = await findNews({
    git,
    command,
    remote,
    url: () => usedUrl(scene, remote),
    settings,
    local,
    listed: listing.refs,
    headTarget: listing.headTarget,
  });
  if (news.kind === 'objects') await askMirrors(scene, known, news.wanted);
  return news;
}

/** Whether it may be that the origin names mirrors that are not known yet. */
function mayLearn({ useMirror, preferMirror, learned, listAgeMs }: RemoteMirrors, { mirror }: MirrorFlags): boolean {
  if (mirror !== undefined || !useMirror || preferMirror === 'never') return false;
  return learned.learnedAtMs === undefined || Math.abs(Date.now() - learned.learnedAtMs) > listAgeMs;
}

/** Asks the mirrors that are known; when none of them has given anything, the next ones of the server's list. */
async function askMirrors(scene: Scene, before: RemoteMirrors, wanted: readonly OriginRef[]): Promise<void> {
  const { git, command, settings, flags, reporter, interrupts } = scene;
  const { signal } = interrupts;
  const learning = { git, reporter, signal };
  const known = mayLearn(before, flags) ? await learnMirrors({ ...learning, remoteMirrors: before }) : before;
  const ask = (mirrors: readonly MirrorCandidate[]): Promise<BulkResult> =>
    fetchFromMirrors({
      git,
      mirrors,
      wanted,
      scope: scopeOf(command, settings, known.remote ?? ''),
      limits: known.limits,
      reporter,
      signal,
      skip: () => interrupts.skip(),
    });
  const first = chooseMirrors(known, flags);
  const { used } = await ask(first);
  interrupts.leaveMirrors();
  if (used.length > 0 || first.length === 0 || flags.mirror !== undefined) return;
  const more = await learnMore({ ...learning, remoteMirrors: known });
  if (more === undefined) return;
  const asked = new Set(first.map(({ url }) => url));
  await ask(chooseMirrors(more, flags).filter(({ url }) => !asked.has(url)));
}

/** The refs of the remote; undefined when it does not list them: `git fetch` will say why. */
async function askOrigin(
  { git, command, settings, local, interrupts }: Scene,
  remote: string,
): Promise<RemoteListing | undefined> {
  const sources = [
    ...settings.all(`remote.${remote}.fetch`).map((text) => parseFetchRefspec(text).source),
    ...command.refspecs.map((text) => parseFetchRefspec(text).source),
    ...(local.branch === undefined ? [] : settings.all(`branch.${local.branch}.merge`)),
  ];
  // A server that hears of it need not list what else there is.
  const isPlain = sources.every((source) => source.startsWith('refs/heads/') || source.startsWith('refs/tags/'));
  const only = isPlain ? ['--heads', '--tags'] : [];
  try {
    const { stdout } = await git.run(['ls-remote', '--symref', ...only, '--', remote], { signal: interrupts.signal });
    return parseListing(stdout);
  } catch (error) {
    interrupts.signal.throwIfAborted();
    if (isGitMirrorError(error)) return undefined;
    throw error;
  }
}

/** How much of each ref is wanted: as the command line says, and as a partial clone is fetched. */
function scopeOf(command: FetchCommand, settings: GitSettings, remote: string): readonly string[] {
  const filter = settings.last(`remote.${remote}.partialclonefilter`);
  const isPartial = settings.boolean(`remote.${remote}.promisor`) === true && filter !== undefined;
  const isFiltered = command.scope.some((flag) => flag.startsWith('--filter='));
  return isPartial && !isFiltered ? [...command.scope, `--filter=${filter}`] : command.scope;
}

/** Settings that keep `git fetch --prune` from the refs of mirrors where the remote's own cover them. */
function guards(scene: Scene | undefined, remote: string): readonly string[] {
  const refspecs = scene?.settings.all(`remote.${remote}.fetch`).map(parseFetchRefspec) ?? [];
  const coversThem = refspecs.some(
    (refspec) => !refspec.isNegative && sourceOf(refspec, 'refs/mirror/x') !== undefined,
  );
  return coversThem ? ['-c', `remote.${remote}.fetch=^refs/mirror/*`] : [];
}
