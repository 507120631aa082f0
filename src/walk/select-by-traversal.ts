import { objectTypeNumber, packType } from '../objects/object-type.ts';
import { GrowableInt32 } from '../pack/growable-array.ts';
import { TimeSlice } from '../pack/time-slice.ts';
import type { ObjectNumber } from '../repository/object-number.ts';
import { closurePlan } from './closure-plan.ts';
import type { CommitSlot } from './commit-table.ts';
import { commitFlag } from './commit-walk.ts';
import { excludeTree } from './exclude-trees.ts';
import { filterSteps, verdict } from './filter-steps.ts';
import { requirePresent } from './missing-object.ts';
import { mark } from './object-marks.ts';
import type { ObjectSelection } from './object-selection.ts';
import { PreferredBases } from './preferred-bases.ts';
import { excludeEdges, excludeNamed, type EdgeParts } from './selection-edges.ts';
import { SelectionList } from './selection-list.ts';
import { addTags } from './selection-tags.ts';
import type { SelectionWork } from './selection-work.ts';
import { readSparseRules } from './sparse-blob.ts';
import { TreeClosure } from './tree-closure.ts';
import { TreeTraversal } from './tree-traversal.ts';

/** Trees compared for a thin pack when nothing is configured (pack.window). */
const defaultWindow = 10;

/** Selects by walking: commits first, then what is below them. */
export async function selectByTraversal(work: SelectionWork): Promise<ObjectSelection> {
  const { repository, table, request, tips, walk, marks, rows, signal } = work;
  const { database } = table;
  for (const { number, type } of tips.had.objects) {
    if (type === 'tree') await excludeTree(database, marks, rows, number, signal);
  }
  const window = repository.config.getInteger('pack.window') ?? defaultWindow;
  const bases = new PreferredBases(database, marks, window);
  const list = new SelectionList();
  const select = (number: ObjectNumber, type: number, nameHash: number): void => {
    requirePresent(database, number);
    marks.set(number, mark.selected);
    list.push(number, type, nameHash);
  };
  const filter = request.filter && filterSteps(request.filter, database, (part) => readSparseRules(repository, part));

  const roots = new GrowableInt32();
  await walkCommits(work, bases, (slot) => {
    const number = table.numberOf(slot);
    marks.set(table.treeOf(slot), mark.met);
    roots.push(table.treeOf(slot));
    const isFiltered = filter !== undefined && walk.flags.has(slot, commitFlag.met);
    if (!isFiltered || (filter.commit(number) & verdict.show) !== 0) select(number, packType.commit, 0);
  });

  const traversal = new TreeTraversal({ database, marks, rows, filter, bases, select, signal });
  traversal.prepare();
  for (const { number, type, path, nameHash } of tips.wanted.objects) {
    if (type === 'tree') await traversal.visitTree(number);
    else if (type === 'blob') traversal.visitBlob(number, path, nameHash);
    else if (!marks.has(number, mark.uninteresting | mark.seen)) {
      marks.set(number, mark.seen);
      bases.look(path, nameHash);
      select(number, objectTypeNumber(type), nameHash);
    }
  }
  const plan = bases.isEmpty ? closurePlan(request.filter) : undefined;
  if (plan === undefined) {
    for (let index = 0; index < roots.length; index++) {
      const root = roots.at(index);
      if (!marks.has(root, mark.uninteresting | mark.seen)) await traversal.visitTree(root);
    }
  } else {
    const closure = new TreeClosure({ database, marks, rows, plan, select, signal });
    for (let index = 0; index < roots.length; index++) closure.addRoot(roots.at(index));
    await closure.run();
  }
  if (bases.list.count > 0) list.drop((number) => marks.has(number, mark.base));
  const isSelected = (number: ObjectNumber): boolean => marks.has(number, mark.selected | mark.base);
  await addTags(database, request.includeTags, isSelected, list, signal);
  return {
    count: list.count,
    ...list.arrays(),
    bases: bases.list.arrays(),
    isFromBitmaps: false,
    clientHas: knownToClient(work),
  };
}

/** Tells of the commits that are to be sent, once the trees on the border of what the client has are marked. */
async function walkCommits(
  work: SelectionWork,
  bases: PreferredBases,
  onCommit: (slot: CommitSlot) => void,
): Promise<void> {
  const { repository, request, tips, walk, marks, rows, signal } = work;
  const edges: EdgeParts = {
    walk,
    marks,
    rows,
    sparse: repository.config.getBoolean('pack.usesparse') ?? true,
    onEdge: (tree) => {
      if (request.thin) bases.addEdge(tree);
    },
    signal,
  };
  await walk.start(tips.commits, signal);
  // What was excluded may turn out to be so only at the end of the walk.
  const listed: CommitSlot[] = [];
  if (walk.hasExcluded) await walk.run((slot) => listed.push(slot), signal);
  await excludeEdges(edges, walk.hasExcluded ? listed : walk.tips);
  if (request.thin && work.isCut) await excludeNamed(edges, [...work.wants, ...work.haves]);
  if (!walk.hasExcluded) await walk.run(onCommit, signal);
  const slice = new TimeSlice(signal);
  for (const slot of listed) {
    if (slice.isOver()) await slice.pause();
    if (!walk.flags.has(slot, commitFlag.uninteresting)) onCommit(slot);
  }
}

function knownToClient({ request, haves, walk, table, marks }: SelectionWork): (number: ObjectNumber) => boolean {
  // With a filter the client may lack blobs of the commits it has.
  if (haves.length === 0 || request.filter !== undefined) return () => false;
  for (let slot = 0; slot < table.count; slot++) {
    if (walk.flags.has(slot, commitFlag.uninteresting)) marks.set(table.numberOf(slot), mark.uninteresting);
  }
  const snapshot = marks.snapshot();
  return (number) => ((snapshot[number] ?? 0) & (mark.uninteresting | mark.base)) !== 0;
}
