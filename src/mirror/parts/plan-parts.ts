import type { ObjectId } from '../../core/object-id.ts';
import type { OriginRef } from '../bulk-fetch.ts';
import type { Part } from './part.ts';
import { compareVersions, versionFamily } from './version-order.ts';

/** Parts for each mirror, so that a slow one does not hold up the others for long. */
const partsPerMirror = 4;
const minParts = 8;
const maxParts = 64;
/** Groups of tips that not every mirror has; the tips of more are left to the origin. */
const maxTipGroups = 8;

/** How many parts to make for so many mirrors. */
export function partCount(mirrors: number): number {
  return Math.min(Math.max(partsPerMirror * mirrors, minParts), maxParts);
}

/** What there is to choose from. */
export interface PlanInput {
  /** Refs whose objects are wanted. */
  readonly wanted: readonly OriginRef[];
  /** Per mirror: what it shows. */
  readonly offers: readonly ReadonlySet<ObjectId>[];
  /** Commits along the history, oldest first, that parts may end with; undefined: tags, by the order of their versions. */
  readonly checkpoints?: readonly ObjectId[] | undefined;
}

/**
 * Cuts what is reachable from `wanted` into parts. The first ones end with checkpoints, evenly chosen; the last ones take
 * all tips that are left, those that more mirrors have first. Tips that no mirror has are in none. The same input always
 * gives the same parts.
 */
export function planParts({ wanted, offers, checkpoints }: PlanInput): readonly Part[] {
  const offered = wanted.filter(({ oid }) => offers.some((offer) => offer.has(oid)));
  const chain = checkpoints?.map((oid) => [oid]) ?? tagSlices(offered, offers);
  const parts: Part[] = [];
  const used = new Set<ObjectId>();
  for (const tips of chain) {
    const fresh = tips.filter((oid) => !used.has(oid));
    for (const oid of fresh) used.add(oid);
    if (fresh.length > 0) parts.push({ tips: fresh });
  }
  const rest = [...new Set(offered.map(({ oid }) => oid))].filter((oid) => !used.has(oid));
  return [...parts, ...groupByOffer(rest, offers).map((tips) => ({ tips }))];
}

/** Whether the tags of `wanted` are enough to cut the history at. */
export function hasEnoughTags(wanted: readonly OriginRef[], offers: readonly ReadonlySet<ObjectId>[]): boolean {
  return tagSlices(wanted, offers).length >= minParts - 1;
}

/**
 * The tags of the largest family that all mirrors have (or some, when none are common), in slices of about the same number,
 * oldest first. Tags of other families say nothing about where they belong, so they are not among them.
 */
function tagSlices(wanted: readonly OriginRef[], offers: readonly ReadonlySet<ObjectId>[]): readonly ObjectId[][] {
  const tags = wanted.filter(
    ({ name, oid }) => name.startsWith('refs/tags/') && offers.some((offer) => offer.has(oid)),
  );
  const common = tags.filter(({ oid }) => offers.every((offer) => offer.has(oid)));
  const families = Map.groupBy(common.length >= minParts ? common : tags, ({ name }) => versionFamily(name));
  const largest = [...families.values()].reduce<OriginRef[]>(
    (best, family) => (family.length > best.length ? family : best),
    [],
  );
  const sorted = largest.toSorted((left, right) => compareVersions(left.name, right.name));
  const slices = Math.min(partCount(offers.length) - 1, sorted.length);
  return Array.from({ length: slices }, (_, index) =>
    sorted
      .slice(Math.floor((index * sorted.length) / slices), Math.floor(((index + 1) * sorted.length) / slices))
      .map(({ oid }) => oid),
  );
}

/** `oids` by the mirrors that have them, those with most mirrors first. */
function groupByOffer(oids: readonly ObjectId[], offers: readonly ReadonlySet<ObjectId>[]): readonly ObjectId[][] {
  const groups = Map.groupBy(oids, (oid) => offers.map((offer) => (offer.has(oid) ? '1' : '0')).join(''));
  const mirrorsOf = (key: string): number => key.replaceAll('0', '').length;
  return [...groups]
    .sort(([left, some], [right, others]) => others.length - some.length || mirrorsOf(right) - mirrorsOf(left))
    .slice(0, maxTipGroups)
    .sort(([left], [right]) => mirrorsOf(right) - mirrorsOf(left))
    .map(([, group]) => group);
}
