import type { ObjectId } from '../../core/object-id.ts';
import type { ListedRef } from '../list-remote.ts';
import type { TagMode } from './fetch-options.ts';
import { matchesSource, targetOf, type FetchRefspec } from './refspec.ts';

/** A ref that git fetch takes from the remote. */
export interface MappedRef {
  readonly name: string;
  readonly oid: ObjectId;
  /** Ref that follows it here; undefined when it only goes into FETCH_HEAD. */
  readonly target: string | undefined;
  readonly isForMerge: boolean;
}

/** All refs that git fetch takes, in its order. */
export interface RefMap {
  readonly refs: readonly MappedRef[];
  /** False when git may do something else than what is known here. */
  readonly isCertain: boolean;
}

/** What a fetch without refspecs on its command line goes by. */
export interface RefMapSource {
  readonly listed: readonly ListedRef[];
  /** `remote.<name>.fetch`. */
  readonly refspecs: readonly FetchRefspec[];
  /** `branch.<current>.merge`, when that branch follows this remote. */
  readonly merges: readonly string[];
  readonly tags: TagMode;
}

/** What is told apart in a name that is neither a branch nor a ref at all. */
const plainName = /^refs\/[^ ~^:?*[\\]+$/;

/** The refs that git fetch takes (git-fetch(1), "Configured remote-tracking branches"), tags that are followed left out. */
export function buildRefMap({ listed, refspecs, merges, tags }: RefMapSource): RefMap {
  const byName = new Map(listed.map((ref) => [ref.name, ref]));
  const positive = refspecs.filter(({ isNegative }) => !isNegative);
  const refs: MappedRef[] = [];
  let isCertain = positive.length > 0;
  const add = ({ name, oid }: ListedRef, target: string, isForMerge: boolean): void => {
    if (!plainName.test(name) || (target !== '' && !plainName.test(target))) isCertain = false;
    refs.push({ name, oid, target: target === '' ? undefined : target, isForMerge });
  };
  for (const [index, refspec] of positive.entries()) {
    if (!refspec.target.startsWith('refs/')) isCertain = false;
    if (refspec.isPattern) {
      for (const ref of listed) {
        const target = targetOf(refspec, ref.name);
        if (target !== undefined) add(ref, target, false);
      }
      continue;
    }
    const ref = byName.get(refspec.source) ?? byName.get(`refs/heads/${refspec.source}`);
    if (ref?.name !== refspec.source) isCertain = false;
    if (ref !== undefined) add(ref, refspec.target, index === 0 && merges.length === 0);
  }
  for (const merge of merges) {
    if (!merge.startsWith('refs/heads/')) isCertain = false;
    const at = refs.findIndex(({ name }) => name === merge);
    const [mapped, ref] = [refs[at], byName.get(merge)];
    if (mapped !== undefined) refs[at] = { ...mapped, isForMerge: true };
    else if (ref !== undefined) add(ref, '', true);
  }
  if (tags === 'all') {
    for (const ref of listed) if (ref.name.startsWith('refs/tags/')) add(ref, ref.name, false);
  }
  return { refs: withoutDuplicates(withoutExcluded(refs, refspecs)), isCertain };
}

function withoutExcluded(refs: readonly MappedRef[], refspecs: readonly FetchRefspec[]): readonly MappedRef[] {
  const negative = refspecs.filter(({ isNegative }) => isNegative);
  return refs.filter(({ name }) => !negative.some((refspec) => matchesSource(refspec, name)));
}

function withoutDuplicates(refs: readonly MappedRef[]): readonly MappedRef[] {
  const targets = new Set<string>();
  return refs.filter(({ target }) => {
    if (target === undefined) return true;
    const isNew = !targets.has(target);
    targets.add(target);
    return isNew;
  });
}
