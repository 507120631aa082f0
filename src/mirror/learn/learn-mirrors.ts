import { isGitMirrorError, messageOf } from '../../core/error.ts';
import { displayUrl } from '../../transport/display-url.ts';
import { comparableUrl } from '../../wire/mirrors/comparable-url.ts';
import type { MirrorList, MirrorQuery } from '../../wire/mirrors/mirror-list.ts';
import type { GitProgram } from '../git-program.ts';
import type { MirrorReporter } from '../mirror-candidate.ts';
import { networkSchemes } from '../settings/protocol-choice.ts';
import { originUrl, withoutHelper, type LearnedMirrors, type RemoteMirrors } from '../settings/remote-mirrors.ts';
import { storeLearned } from '../settings/store-learned.ts';
import { acceptableList, distinct, maxLearned } from './acceptable-list.ts';
import type { ListContext, ListSource } from './list-source.ts';

/** Who is asked for mirrors, about what, and who hears of it. */
export interface LearnRequest {
  readonly git: GitProgram;
  readonly remoteMirrors: RemoteMirrors;
  readonly reporter: MirrorReporter;
  readonly signal: AbortSignal;
  /** Ask although the list is not old. Default false. */
  readonly refresh?: boolean | undefined;
}

/** After so long an origin is asked again that could not be, in milliseconds; sooner when lists hold shorter. */
const retryMs = 3_600_000;

/** What came of asking; a failure may pass. */
interface Asked {
  readonly list: MirrorList | undefined;
  readonly isFailure: boolean;
}

/**
 * What is known of the mirrors of a remote once its origin has been asked, if the list is old (`mirror.listAge`) or
 * `refresh` says so: by the command `mirrors`, `info/mirrors`, `.well-known/git-mirrors`, and the blobs below
 * `refs/mirrors/`. All without credentials but the last. What was learned is stored, if there is a remote to store it with.
 *
 * No failure is an error: each is a detail for the reporter. Where nobody could be asked, what was learned before holds on.
 * Throws the reason of `signal`.
 */
export async function learnMirrors(request: LearnRequest): Promise<RemoteMirrors> {
  const { remoteMirrors, signal } = request;
  const { learned, listAgeMs } = remoteMirrors;
  const now = Date.now();
  const isFresh = learned.learnedAtMs !== undefined && Math.abs(now - learned.learnedAtMs) <= listAgeMs;
  if (isFresh && request.refresh !== true) return remoteMirrors;
  const { sources } = await loadSources();
  const { list, isFailure } = await askAll(sources, {}, request);
  signal.throwIfAborted();
  if (list === undefined && isFailure) {
    const soon = now - listAgeMs + Math.min(retryMs, listAgeMs);
    return remember(request, { ...learned, learnedAtMs: soon });
  }
  return remember(request, {
    canonicalUrls: list?.canonical ?? [],
    mirrors: list?.mirrors ?? [],
    prefer: list?.prefer,
    more: list?.more,
    learnedAtMs: now,
  });
}

/**
 * The same with the next mirrors of a list that is longer than what the server has named so far; undefined when there are no
 * more. For when those that are known are used up. Ends after 256 mirrors, or with an answer that names none that is new.
 */
export async function learnMore(request: LearnRequest): Promise<RemoteMirrors | undefined> {
  const { learned } = request.remoteMirrors;
  if (learned.more === undefined || learned.mirrors.length >= maxLearned) return undefined;
  const { pagedSources } = await loadSources();
  const { list } = await askAll(pagedSources, { after: learned.more.cursor }, request);
  request.signal.throwIfAborted();
  const mirrors = distinct([...learned.mirrors, ...(list?.mirrors ?? [])]).slice(0, maxLearned);
  const hasMore = mirrors.length > learned.mirrors.length;
  const extended = await remember(request, { ...learned, mirrors, more: hasMore ? list?.more : undefined });
  return hasMore ? extended : undefined;
}

/** An HTTP client comes along, which takes longer to load than everything else: a fetch with nothing new needs none. */
const loadSources = () => import('./list-sources.ts');

async function remember(
  { git, remoteMirrors, reporter, signal }: LearnRequest,
  learned: LearnedMirrors,
): Promise<RemoteMirrors> {
  const { remote } = remoteMirrors;
  if (remote !== undefined) {
    try {
      await storeLearned(git, remote, learned, signal);
    } catch (error) {
      signal.throwIfAborted();
      reporter.detail(`the mirrors of ${remote} are not stored: ${messageOf(error)}`);
    }
  }
  const own = remoteMirrors.canonicalUrls.filter((url) => !remoteMirrors.learned.canonicalUrls.includes(url));
  return { ...remoteMirrors, learned, canonicalUrls: [...own, ...learned.canonicalUrls] };
}

async function askAll(asked: readonly ListSource[], query: MirrorQuery, request: LearnRequest): Promise<Asked> {
  const { git, remoteMirrors, reporter, signal } = request;
  let isFailure = false;
  try {
    const context = await contextOf(request);
    const full = {
      ...query,
      protocols: networkSchemes.filter((scheme) => !remoteMirrors.protocols.banned.has(scheme)),
    };
    for (const source of asked) {
      try {
        if (!source.suits(context)) continue;
        const list = await askOne(source, full, { ...context, signal }, remoteMirrors.canonicalUrls);
        reporter.detail(
          `${source.name} of ${displayUrl(context.url)}: ${list === undefined ? 'nothing' : summaryOf(list)}`,
        );
        if (list !== undefined) return { list: acceptableList(list, context.url), isFailure: false };
      } catch (error) {
        signal.throwIfAborted();
        isFailure ||= mayPass(error);
        reporter.detail(`${source.name} of ${displayUrl(context.url)}: ${messageOf(error)}`);
      }
    }
  } catch (error) {
    signal.throwIfAborted();
    isFailure = true;
    reporter.detail(`${displayUrl(remoteMirrors.url)} cannot be asked for mirrors in ${git.cwd}: ${messageOf(error)}`);
  }
  return { list: undefined, isFailure };
}

/** Asks, and once more by another name of the repository when the server knows only that one (row M6). */
async function askOne(
  source: ListSource,
  query: MirrorQuery,
  context: ListContext,
  canonicalUrls: readonly string[],
): Promise<MirrorList | undefined> {
  const limited = { ...context, signal: AbortSignal.any([context.signal, AbortSignal.timeout(source.timeoutMs)]) };
  const answer = await source.ask(query, limited);
  if (answer?.kind !== 'not-found') return answer?.list;
  const ours = new Set([...canonicalUrls, context.url].map(comparableUrl));
  const name = answer.valid.find((url) => url !== query.url && ours.has(comparableUrl(url)));
  if (name === undefined) return undefined;
  const second = await source.ask({ ...query, url: name }, limited);
  return second?.kind === 'list' ? second.list : undefined;
}

async function contextOf({ git, remoteMirrors, signal }: LearnRequest): Promise<ListContext> {
  const configured = await originUrl(git, remoteMirrors);
  const url = withoutHelper(configured);
  const authority = await git.run(['config', '--type=path', '--get-urlmatch', 'http.sslCAInfo', url], {
    // 1: not set. 128: the URL is a path.
    allowStatus: [1, 128],
    signal,
  });
  const caFile = authority.stdout.trim();
  return {
    git,
    url,
    // Through the helper git would come back to us.
    remote: url === configured ? (remoteMirrors.remote ?? remoteMirrors.url) : url,
    caFile: caFile === '' ? undefined : caFile,
    signal,
  };
}

/** Whether the same question may have an answer later: it was not understood by anybody, or nothing came back in time. */
function mayPass(error: unknown): boolean {
  if (!isGitMirrorError(error)) return true;
  return error.code === 'GM_SYSTEM' || error.retryable;
}

function summaryOf({ mirrors, more }: MirrorList): string {
  return `${String(mirrors.length)} mirrors${more === undefined ? '' : ` and ${String(more.count)} more`}`;
}
