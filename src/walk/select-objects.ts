import { GitMirrorError } from '../core/error.ts';
import { objectTypeNumber, packType } from '../objects/object-type.ts';
import { GrowableInt32 } from '../pack/growable-array.ts';
import type { ObjectNumber } from '../repository/object-number.ts';
import type { Repository } from '../repository/repository.ts';
import { closurePlan } from './closure-plan.ts';
import { numberForOid, type CommitSlot, type CommitTable } from './commit-table.ts';
import { commitFlag, CommitWalk } from './commit-walk.ts';
import { excludeTree } from './exclude-trees.ts';
import { filterSteps, verdict } from './filter-steps.ts';
import { ObjectMarks, mark } from './object-marks.ts';
import type { ObjectSelection, SelectionRequest } from './object-selection.ts';
import { peel, tagTarget } from './peel.ts';
import { PreferredBases } from './preferred-bases.ts';
import { excludeEdges, excludeNamed, type EdgeParts } from './selection-edges.ts';
import { SelectionList } from './selection-list.ts';
import { resolveTips } from './selection-tips.ts';
import { readSparseRules } from './sparse-blob.ts';
import { TreeClosure } from './tree-closure.ts';
import { TreeRows } from './tree-rows.ts';
import { TreeTraversal } from './tree-traversal.ts';

/** Trees compared for a thin pack when nothing is configured (pack.window). */
const defaultWindow = 10;

/**
 * The objects that git-upload-pack would send for `request`.
 *
 * @throws GitMirrorError `GM_CORRUPT` naming the object when one that must be sent is missing or damaged; `GM_PROTOCOL`
 * for a filter whose rules cannot be found; `GM_LIMIT`; the reason of `signal`.
 */
export async function selectObjects(
  repository: Repository,
  table: CommitTable,
  request: SelectionRequest,
  options: { readonly signal: AbortSignal },
): Promise<ObjectSelection> {
  const marks = new ObjectMarks(table.database);
  const rows = new TreeRows(table.database, marks);
  try {
    return await traverse(repository, table, request, { marks, rows, signal: options.signal });
  } finally {
    rows.release();
    marks.release();
  }
}

/** What all steps of one selection share. */
interface Workplace {
  readonly marks: ObjectMarks;
  readonly rows: TreeRows;
  readonly signal: AbortSignal;
}

async function traverse(
  repository: Repository,
  table: CommitTable,
  request: SelectionRequest,
  { marks, rows, signal }: Workplace,
): Promise<ObjectSelection> {
  const { database } = table;
  const walk = new CommitWalk(table, cutsOf(repository, table, request));
  const wants = [...request.wants, ...parentsOf(table, request.unshallowed)];
  const haves = [...request.haves, ...request.unshallowed];
  const tips = resolveTips(database, walk, marks, wants, haves);
  for (const tree of tips.excludedTrees) await excludeTree(database, marks, rows, tree, signal);

  const window = repository.config.getInteger('pack.window') ?? defaultWindow;
  const bases = new PreferredBases(database, marks, window);
  const list = new SelectionList();
  const select = (number: ObjectNumber, type: number, nameHash: number): void => {
    if (number >= database.packedCount && !database.has(number)) {
      if (database.isPartial && type === packType.blob) return;
      const oid = database.oidOf(number);
      throw new GitMirrorError('GM_CORRUPT', `unable to read ${oid}`, { details: { oid } });
    }
    marks.set(number, mark.selected);
    list.push(number, type, nameHash);
  };
  const filter =
    request.filter === undefined
      ? undefined
      : filterSteps(request.filter, database, (part) => readSparseRules(repository, part));

  const roots = new GrowableInt32();
  const showCommit = (slot: CommitSlot): void => {
    const number = table.numberOf(slot);
    const tree = table.treeOf(slot);
    marks.set(tree, mark.met);
    roots.push(tree);
    const said = filter === undefined || !walk.flags.has(slot, commitFlag.met) ? verdict.show : filter.commit(number);
    if ((said & verdict.show) === 0) return;
    select(number, packType.commit, 0);
  };

  walk.start(tips.commits);
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
  const isCut = request.clientShallow.length + request.boundary.length + request.unshallowed.length > 0;
  const excludeBorder = async (commits: readonly CommitSlot[]): Promise<void> => {
    await excludeEdges(edges, commits);
    if (request.thin && isCut) await excludeNamed(edges, [...wants, ...haves]);
  };
  if (walk.hasExcluded) {
    const listed: CommitSlot[] = [];
    await walk.run((slot) => listed.push(slot), signal);
    await excludeBorder(listed);
    for (const slot of listed) if (!walk.flags.has(slot, commitFlag.uninteresting)) showCommit(slot);
  } else {
    await excludeBorder(walk.tips);
    await walk.run(showCommit, signal);
  }

  const traversal = new TreeTraversal({ database, marks, rows, filter, bases, select, signal });
  traversal.prepare();
  for (const { number, type, path, nameHash } of tips.objects) {
    if (type === 'tree') await traversal.visitTree(number);
    else if (type === 'blob') traversal.visitBlob(number, path, nameHash);
    else if (!marks.has(number, mark.uninteresting | mark.seen)) {
      marks.set(number, mark.seen);
      bases.look(path, nameHash);
      select(number, objectTypeNumber(type), nameHash);
    }
  }
  const plan = bases.isEmpty ? closurePlan(request.filter) : undefined;
  if (plan !== undefined) {
    const closure = new TreeClosure({ database, marks, rows, plan, select, signal });
    for (let index = 0; index < roots.length; index++) closure.addRoot(roots.at(index));
    await closure.run();
  } else {
    for (let index = 0; index < roots.length; index++) await traversal.visitTree(roots.at(index));
  }
  if (bases.list.count > 0) list.drop((number) => marks.has(number, mark.base));
  addTags(table, request.includeTags, marks, list);
  return finish(table, walk, request, marks, list, bases);
}

/** Where history ends for this request: where it does for the server, and where it does for the client. */
function cutsOf(repository: Repository, table: CommitTable, request: SelectionRequest): ObjectNumber[] {
  return [
    ...repository.shallow.map((oid) => numberForOid(table.database, oid)),
    ...request.clientShallow,
    ...request.boundary,
    ...request.unshallowed,
  ];
}

/** What is behind commits that are cut no longer: the client gets it, though the cuts stay for the walk. */
function parentsOf(table: CommitTable, commits: readonly ObjectNumber[]): ObjectNumber[] {
  const parents: ObjectNumber[] = [];
  for (const number of commits) {
    const slot = table.slotOf(number);
    table.require(slot);
    for (let index = 0; index < table.parentCount(slot); index++) {
      parents.push(table.numberOf(table.parentOf(slot, index)));
    }
  }
  return parents;
}

/** Adds annotated tags of what is sent, with the tags on the way. */
function addTags(table: CommitTable, tags: readonly ObjectNumber[], marks: ObjectMarks, list: SelectionList): void {
  const { database } = table;
  for (const tag of tags) {
    const target = peel(database, tag);
    if (target === undefined || !marks.has(target.number, mark.selected | mark.base)) continue;
    for (let number = tag; database.typeOf(number) === 'tag'; number = tagTarget(database, number)) {
      if (number === tag && marks.has(number, mark.selected)) break;
      if (marks.has(number, mark.selected)) continue;
      marks.set(number, mark.selected);
      list.push(number, packType.tag, 0);
    }
  }
}

function finish(
  table: CommitTable,
  walk: CommitWalk,
  request: SelectionRequest,
  marks: ObjectMarks,
  list: SelectionList,
  bases: PreferredBases,
): ObjectSelection {
  let clientMarks: Uint8Array | undefined;
  // With a filter the client may lack blobs of the commits it has.
  if (request.haves.length + request.unshallowed.length > 0 && request.filter === undefined) {
    for (let slot = 0; slot < table.count; slot++) {
      if (walk.flags.has(slot, commitFlag.uninteresting)) marks.set(table.numberOf(slot), mark.uninteresting);
    }
    clientMarks = marks.snapshot();
  }
  const known = mark.uninteresting | mark.base;
  return {
    count: list.count,
    ...list.arrays(),
    bases: bases.list.arrays(),
    clientHas: (number) => ((clientMarks?.[number] ?? 0) & known) !== 0,
  };
}
