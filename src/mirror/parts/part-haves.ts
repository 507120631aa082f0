import type { ObjectId } from '../../core/object-id.ts';
import type { Part } from './part.ts';

/** Haves of one request: each costs a server a look-up, and a line. */
const maxHaves = 1000;

/**
 * What is claimed to be here when part `index` is asked for: the tips of the parts in front of it, which need not be here
 * yet. Of too many, those in front of each part's last one are thinned out; claiming less only makes a part larger.
 */
export function havesOf(parts: readonly Part[], index: number, held: readonly ObjectId[]): readonly ObjectId[] {
  const earlier = parts.slice(0, index).map(({ tips }) => tips);
  const last = [...earlier.flatMap((tips) => tips.slice(-1)), ...held.slice(-maxHaves / 2)];
  const others = [...earlier.flatMap((tips) => tips.slice(0, -1)), ...held.slice(0, -maxHaves / 2)];
  const room = Math.max(0, maxHaves - last.length);
  const step = Math.max(1, Math.ceil(others.length / Math.max(1, room)));
  return [...new Set([...last, ...others.filter((_, at) => at % step === 0).slice(0, room)])];
}
