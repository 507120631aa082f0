import type { ObjectId } from '../../core/object-id.ts';
import type { OriginRef } from '../bulk-fetch.ts';
import type { MirrorCandidate } from '../mirror-candidate.ts';

/** Something that a mirror is asked for, by its object id: what comes is then checked by git from there on. */
export interface WantedTip {
  /** Ref that holds it here. */
  readonly ref: string;
  /** What the mirror says it has there. */
  readonly oid: ObjectId;
}

/** Where a mirror's ref is kept: `refs/heads/main` is `refs/mirror/<space>/heads/main`. */
export function mirrorRef(space: string, name: string): string {
  return `refs/mirror/${space}/${name.slice('refs/'.length)}`;
}

/**
 * What to ask a mirror for that lists `listed`: the refs of the same names, in whatever state they are there, or, where
 * the objects are to be exactly those of the origin, the ones that it has.
 */
export function chooseTips(
  mirror: MirrorCandidate,
  wanted: readonly OriginRef[],
  listed: readonly OriginRef[],
  mode: 'any-state' | 'exact',
): readonly WantedTip[] {
  const byName = new Map(listed.map(({ name, oid }) => [name, oid]));
  const objects = new Set(byName.values());
  return wanted.flatMap(({ name, oid }) => {
    if (!name.startsWith('refs/') || name.startsWith('refs/mirror/')) return [];
    const ref = mirrorRef(mirror.space, name);
    if (mode === 'exact') return objects.has(oid) ? [{ ref, oid }] : [];
    const there = byName.get(name);
    // Of another format it would be of another repository.
    return there?.length === oid.length ? [{ ref, oid: there }] : [];
  });
}
