import type { ObjectId } from '../../core/object-id.ts';
import type { OriginRef } from '../bulk-fetch.ts';
import type { Part } from './part.ts';
import { planParts } from './plan-parts.ts';

/** What an earlier plan is looked at with. */
export interface AdoptInput {
  readonly wanted: readonly OriginRef[];
  /** Per mirror that is asked: what it shows. */
  readonly offers: readonly ReadonlySet<ObjectId>[];
  /** Whether part `index` can be had from some mirror. */
  readonly canBeHad: (index: number) => boolean;
}

/**
 * An earlier plan as it is of use now. From the first part on that is neither here nor to be had, it is planned anew, since
 * later parts rest on that one; tips that the origin has got since come last.
 */
export function adoptPlan(earlier: readonly Part[], { wanted, offers, canBeHad }: AdoptInput): readonly Part[] {
  const lost = earlier.findIndex(({ pack }, index) => pack === undefined && !canBeHad(index));
  const kept = lost < 0 ? earlier : earlier.slice(0, lost);
  const planned = new Set(kept.flatMap(({ tips }) => tips));
  const fresh = wanted.filter(({ oid }) => !planned.has(oid));
  // A few new tips are one part; a lost rest is cut up as a whole history would be.
  return [...kept, ...planParts({ wanted: fresh, offers, checkpoints: lost < 0 ? [] : undefined })];
}
