import type { OriginRef } from '../bulk-fetch.ts';
import type { GitProgram } from '../git-program.ts';
import type { ListedRef } from '../list-remote.ts';
import type { GitSettings } from '../settings/git-settings.ts';
import { encodeFetchHead } from './fetch-head.ts';
import type { FetchCommand, TagMode } from './fetch-options.ts';
import { heldObjects } from './held-objects.ts';
import type { LocalState } from './local-state.ts';
import { buildRefMap, type RefMap } from './ref-map.ts';
import { matchesSource, parseFetchRefspec, sourceOf, type FetchRefspec } from './refspec.ts';

/** What a fetch from a remote would bring. */
export type News =
  /** Nothing whatever; git would write this into FETCH_HEAD. */
  | { readonly kind: 'nothing'; readonly fetchHead: string }
  /** Refs that move, or whatever else git finds to do; all objects are here. */
  | { readonly kind: 'refs' }
  /** These are not here. */
  | { readonly kind: 'objects'; readonly wanted: readonly OriginRef[] };

/** What is asked for, and what is here. */
export interface NewsQuestion {
  readonly git: GitProgram;
  readonly command: FetchCommand;
  /** A remote of the configuration. */
  readonly remote: string;
  /** Its URL, as git uses it. */
  readonly url: () => Promise<string>;
  readonly settings: GitSettings;
  readonly local: LocalState;
  readonly listed: readonly ListedRef[];
  /** Branch that the remote's HEAD is on, where it was asked for. */
  readonly headTarget: string | undefined;
}

/** Compares what the remote lists with what is here, for the refs that this fetch is about. */
export async function findNews(question: NewsQuestion): Promise<News> {
  const { git, command, remote, settings, local, listed } = question;
  const refspecs = settings.all(`remote.${remote}.fetch`).map(parseFetchRefspec);
  const tags = command.tags ?? configuredTags(settings, remote);
  const source = { listed, refspecs, merges: mergesOf(question), tags };
  const map: RefMap =
    command.refspecs.length === 0
      ? buildRefMap(source)
      : { ...buildRefMap({ ...source, refspecs: namedRefspecs(command), merges: [] }), isCertain: false };
  const moved = map.refs.filter(({ oid, target }) => target === undefined || local.refs.get(target)?.oid !== oid);
  const followed = tags === 'follow' ? listed.filter((ref) => isNewTag(ref, local, refspecs)) : [];
  const held = await heldObjects(git, [
    ...moved.map(({ oid }) => oid),
    ...followed.flatMap(({ oid, peeledOid }) => [oid, peeledOid ?? oid]),
  ]);
  const wanted = moved.filter(({ oid }) => !held.has(oid));
  if (wanted.length > 0) return { kind: 'objects', wanted: wanted.map(({ name, oid }) => ({ name, oid })) };
  const isNothing =
    map.isCertain &&
    command.isUnderstood &&
    // What only goes into FETCH_HEAD, git shows each time.
    moved.length === 0 &&
    !followed.some(({ oid, peeledOid }) => held.has(oid) || held.has(peeledOid ?? oid)) &&
    !map.refs.some(({ target }) => target !== undefined && local.refs.get(target)?.isSymbolic === true) &&
    !mayPrune(question, refspecs, map) &&
    !mayMoveHead(question) &&
    !mayDoMore(question);
  return isNothing ? { kind: 'nothing', fetchHead: encodeFetchHead(map.refs, await question.url()) } : { kind: 'refs' };
}

/** Refspecs of the command line; short names are taken for those of branches and tags. */
function namedRefspecs({ refspecs }: FetchCommand): readonly FetchRefspec[] {
  return refspecs.flatMap((text, index) => {
    if (refspecs[index - 1] === 'tag') return [parseFetchRefspec(`refs/tags/${text}:refs/tags/${text}`)];
    if (text === 'tag') return [];
    const refspec = parseFetchRefspec(text);
    if (refspec.source.startsWith('refs/')) return [refspec];
    return ['refs/heads/', 'refs/tags/'].map((prefix) => ({ ...refspec, source: prefix + refspec.source }));
  });
}

function configuredTags(settings: GitSettings, remote: string): TagMode {
  switch (settings.last(`remote.${remote}.tagopt`)) {
    case '--tags':
      return 'all';
    case '--no-tags':
      return 'none';
    default:
      return 'follow';
  }
}

/** What the current branch merges from this remote. */
function mergesOf({ settings, local: { branch }, remote }: NewsQuestion): readonly string[] {
  if (branch === undefined || settings.last(`branch.${branch}.remote`) !== remote) return [];
  return settings.all(`branch.${branch}.merge`);
}

function isNewTag({ name }: ListedRef, local: LocalState, refspecs: readonly FetchRefspec[]): boolean {
  const isExcluded = refspecs.some((refspec) => refspec.isNegative && matchesSource(refspec, name));
  return name.startsWith('refs/tags/') && !local.refs.has(name) && !isExcluded;
}

/** Whether git would remove a ref that the remote has no more. */
function mayPrune(
  { command, settings, remote, local }: NewsQuestion,
  refspecs: readonly FetchRefspec[],
  { refs }: RefMap,
): boolean {
  const isOn = (name: string): boolean =>
    settings.boolean(`remote.${remote}.${name}`) ?? settings.boolean(`fetch.${name}`) ?? false;
  if (!(command.prune ?? isOn('prune'))) return false;
  if (isOn('prunetags')) return true;
  const fetched = new Set(refs.map(({ name }) => name));
  const [negative, positive] = [
    refspecs.filter((each) => each.isNegative),
    refspecs.filter((each) => !each.isNegative),
  ];
  return [...local.refs].some(([name, { isSymbolic }]) => {
    if (isSymbolic) return false;
    const sources = positive.map((refspec) => sourceOf(refspec, name)).filter((source) => source !== undefined);
    const isKept = sources.some(
      (source) => fetched.has(source) || negative.some((refspec) => matchesSource(refspec, source)),
    );
    return sources.length > 0 && !isKept;
  });
}

/** Whether git would make or move the ref that says which branch of the remote is the main one (from git 2.48 on). */
function mayMoveHead({ settings, remote, local, headTarget }: NewsQuestion): boolean {
  const follow = settings.last(`remote.${remote}.followremotehead`) ?? settings.last('fetch.followremotehead');
  if (follow === 'never') return false;
  if (follow !== undefined && follow !== 'create') return true;
  if (local.isBare && settings.boolean(`remote.${remote}.mirror`) === true) {
    return local.branch === undefined || headTarget !== `refs/heads/${local.branch}`;
  }
  const folder = `refs/remotes/${remote}/`;
  return !local.refs.has(`${folder}HEAD`) && [...local.refs.keys()].some((name) => name.startsWith(folder));
}

/** Whether git would fetch submodules, or begin elsewhere. */
function mayDoMore({ settings, local }: NewsQuestion): boolean {
  const rule = settings.last('fetch.recursesubmodules');
  return (
    local.hasSubmoduleRules ||
    settings.last('fetch.bundleuri') !== undefined ||
    (rule !== undefined && rule !== 'on-demand' && rule !== 'false') ||
    (settings.last('submodule.recurse') ?? 'false') !== 'false' ||
    settings.subsections('submodule', 'fetchrecursesubmodules').length > 0
  );
}
