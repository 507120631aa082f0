import type { Delivery, Need } from './relay.ts';

/** Deliveries that one pack serves. */
export interface NeedGroup {
  readonly need: Need;
  readonly deliveries: readonly Delivery[];
}

/**
 * Puts together the deliveries that need the same objects on top of the same ones, so that the source sends each pack
 * once however many targets take it.
 */
export function groupByNeed(
  items: readonly { readonly need: Need; readonly delivery: Delivery }[],
): readonly NeedGroup[] {
  const groups = new Map<string, { need: Need; deliveries: Delivery[] }>();
  for (const { need, delivery } of items) {
    const key = [[...need.wants].sort().join(), [...need.haves].sort().join()].join(';');
    const group = groups.get(key);
    if (group === undefined) groups.set(key, { need, deliveries: [delivery] });
    else group.deliveries.push(delivery);
  }
  return [...groups.values()];
}
