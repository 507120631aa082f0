/** Deltas among the objects of a pack, by index: `bases[i]` is what i builds on, -1 for nothing; others are taken as roots. */
export interface DeltaLinks {
  readonly count: number;
  readonly bases: Int32Array;
}

const unseen = 0;
const active = 1;
const done = 2;

/**
 * Cuts cycles, and cuts chains longer than `maxDepth` into pieces of that length, as git does: an object whose depth
 * comes out as a multiple of `maxDepth + 1` becomes a root. `cut` is called for each object that loses its base, whose
 * link it has to remove. Links that `keeps` names are left as they are and count as roots (they must form no cycle).
 *
 * Returns the depth of each object.
 */
export function cutDeltaChains(
  links: DeltaLinks,
  maxDepth: number,
  cut: (index: number) => void,
  keeps: (index: number) => boolean = () => false,
): Uint32Array {
  const { count, bases } = links;
  const depths = new Uint32Array(count);
  const states = new Uint8Array(count);
  const baseOf = (index: number): number => {
    const base = bases[index] ?? -1;
    return base >= 0 && !keeps(index) ? base : -1;
  };
  for (let start = 0; start < count; start++) {
    if (states[start] !== unseen) continue;
    let total = 0;
    let at = start;
    for (;;) {
      if (at >= count) break;
      if (states[at] === done) {
        total += depths[at] ?? 0;
        break;
      }
      const base = baseOf(at);
      if (base < 0) {
        states[at] = done;
        break;
      }
      states[at] = active;
      if (base < count && states[base] === active) {
        cut(at);
        states[at] = done;
        break;
      }
      at = base;
      total++;
    }
    for (at = start; at < count && states[at] === active;) {
      const base = bases[at] ?? -1;
      const depth = total % (maxDepth + 1);
      total--;
      depths[at] = depth;
      states[at] = done;
      if (depth === 0) cut(at);
      at = base;
    }
  }
  return depths;
}

/** How many deltas hang below each object, one behind the other: up to 65,535. */
export function deltaHeights(links: DeltaLinks): Uint16Array {
  const { count, bases } = links;
  const heights = new Uint16Array(count);
  for (let index = 0; index < count; index++) {
    let base = bases[index] ?? -1;
    // What is above is up to date for every height already met, so the climb ends as soon as nothing changes.
    for (let height = (heights[index] ?? 0) + 1; base >= 0 && base < count && height <= 0xffff; height++) {
      if ((heights[base] ?? 0) >= height) break;
      heights[base] = height;
      base = bases[base] ?? -1;
    }
  }
  return heights;
}
