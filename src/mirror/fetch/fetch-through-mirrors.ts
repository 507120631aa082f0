import { writeFile } from 'node:fs/promises';
import { isGitMirrorError } from '../../core/error.ts';
import { chooseMirrors, type MirrorFlags } from '../choose/choose-mirrors.ts';
import { cleanMirrorRefs } from '../clean-refs.ts';
import type { GitProgram } from '../git-program.ts';
import { parseListing, type RemoteListing } from '../list-remote.ts';
import type { MirrorReporter } from '../mirror-candidate.ts';
import { readGitSettings, type GitSettings } from '../settings/git-settings.ts';
import { remoteMirrorsOf } from '../settings/remote-mirrors.ts';
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

/** Brings what mirrors have of what is new at the remote. Undefined when that was not looked at. */
async function prepare(scene: Scene, remote: string): Promise<News | undefined> {
  const { git, command, settings, local, flags, reporter, interrupts } = scene;
  const mirrors = chooseMirrors(remoteMirrorsOf(settings, remote), flags);
  if (mirrors.length === 0) return undefined;
  const listing = await askOrigin(scene, remote);
  if (listing === undefined) return undefined;
  const news = await findNews({
    git,
    command,
    remote,
    url: () => git.text(['ls-remote', '--get-url', remote]),
    settings,
    local,
    listed: listing.refs,
    headTarget: listing.headTarget,
  });
  if (news.kind !== 'objects') return news;
  await fetchFromMirrors({
    git,
    mirrors,
    wanted: news.wanted,
    scope: scopeOf(command, settings, remote),
    limits: remoteMirrorsOf(settings, remote).limits,
    reporter,
    signal: interrupts.signal,
    skip: () => interrupts.skip(),
  });
  return news;
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
