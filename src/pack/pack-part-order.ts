import { GitMirrorError } from '../core/error.ts';
import { limits } from '../core/limits.ts';
import type { ObjectId } from '../core/object-id.ts';
import { TreeScanner } from '../objects/tree.ts';
import type { ObjectStore } from './object-store.ts';
import type { TimeSlice } from './time-slice.ts';

/**
 * Numbers of `oids`, each once, in an order in which packs can be cut anywhere: blobs, then trees, those inside before
 * those around them, then commits and tags in the order given.
 *
 * Blobs, and trees of the same height, are gathered by what they are deltas of in the end, and within such a family are
 * in the order of the store, bases first: a cut separates few deltas from their bases. Measured on git's own repository
 * (849,000 objects, 506 MB, parts of 60 MB), all parts together: 2.4 GB in the order of the walk, 1.4 GB in the order
 * of the store, 0.6 GB in this one.
 *
 * @throws GitMirrorError `GM_CORRUPT` naming an object that is not in the store; `GM_LIMIT` with trees nested deeper than
 * `limits.maxTreeDepth`.
 */
export async function packPartOrder(
  store: ObjectStore,
  oids: readonly ObjectId[],
  slice: TimeSlice,
): Promise<readonly number[]> {
  const blobs = new Set<number>();
  const trees = new Set<number>();
  const rest = new Set<number>();
  for (const oid of oids) {
    const type = store.typeOf(oid);
    if (type === undefined) {
      throw new GitMirrorError('GM_CORRUPT', `Cutting a pack: object ${oid} is missing.`, { details: { oid } });
    }
    (type === 'blob' ? blobs : type === 'tree' ? trees : rest).add(store.numberOf(oid));
  }
  const heights = await treeHeights(store, trees, slice);
  const roots = familyRoots(store);
  const byFamily = (left: number, right: number): number =>
    (roots[left] ?? 0) - (roots[right] ?? 0) || store.placeOf(left) - store.placeOf(right);
  const sortedTrees = [...trees].sort(
    (left, right) => (heights[left] ?? 0) - (heights[right] ?? 0) || byFamily(left, right),
  );
  return [...blobs].sort(byFamily).concat(sortedTrees, [...rest]);
}

/** Per number: the place of the object that is stored whole at the end of its chain of deltas. */
function familyRoots(store: ObjectStore): Int32Array {
  const roots = new Int32Array(store.numberLimit).fill(-1);
  const chain: number[] = [];
  for (let start = 0; start < roots.length; start++) {
    if (!store.hasNumber(start)) continue;
    let at = start;
    for (; roots[at] === -1 && store.baseOf(at) >= 0; at = store.baseOf(at)) chain.push(at);
    const root = roots[at] === -1 ? store.placeOf(at) : (roots[at] ?? 0);
    roots[at] = root;
    for (const number of chain.splice(0)) roots[number] = root;
  }
  return roots;
}

/** Per number of a tree in `trees`: 1 when it holds none of them, else one more than the highest it holds. */
async function treeHeights(store: ObjectStore, trees: ReadonlySet<number>, slice: TimeSlice): Promise<Uint16Array> {
  const heights = new Uint16Array(store.numberLimit);
  let work = 0;
  for (const root of trees) {
    if (heights[root] !== 0) continue;
    const stack = [openTree(store, root)];
    for (let frame = stack.at(-1); frame !== undefined; frame = stack.at(-1)) {
      const inner = nextUnknown(store, frame, trees, heights);
      if (inner >= 0) {
        if (stack.length === limits.maxTreeDepth) throw tooDeep(store.oidAt(inner));
        stack.push(openTree(store, inner));
        continue;
      }
      heights[frame.number] = frame.inside + 1;
      stack.pop();
      const around = stack.at(-1);
      if (around !== undefined) around.inside = Math.max(around.inside, frame.inside + 1);
      work += frame.content.length;
      if (slice.isOver(work)) await slice.pause();
    }
  }
  return heights;
}

/** A tree whose entries are being gone through. */
interface TreeFrame {
  readonly number: number;
  readonly content: Uint8Array;
  readonly scanner: TreeScanner;
  /** Greatest height of the trees in it so far. */
  inside: number;
}

function openTree(store: ObjectStore, number: number): TreeFrame {
  const { content } = store.readNumber(number);
  const scanner = new TreeScanner(store.format);
  scanner.reset(content);
  return { number, content, scanner, inside: 0 };
}

/** The next tree inside whose height is not known yet; -1 at the end. */
function nextUnknown(store: ObjectStore, frame: TreeFrame, trees: ReadonlySet<number>, heights: Uint16Array): number {
  const { scanner, content } = frame;
  while (scanner.next()) {
    if (!scanner.isTree) continue;
    const number = store.numberOfRaw(content, scanner.oidStart);
    if (number < 0 || !trees.has(number)) continue;
    const height = heights[number] ?? 0;
    if (height === 0) return number;
    frame.inside = Math.max(frame.inside, height);
  }
  return -1;
}

function tooDeep(oid: ObjectId): GitMirrorError {
  return new GitMirrorError('GM_LIMIT', `Cutting a pack: trees are nested over ${limits.maxTreeDepth} deep.`, {
    details: { limit: 'maxTreeDepth', oid },
  });
}
