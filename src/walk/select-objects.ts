import type { ObjectNumber } from '../repository/object-number.ts';
import type { Repository } from '../repository/repository.ts';
import { closurePlan } from './closure-plan.ts';
import { numberForOid, type CommitTable } from './commit-table.ts';
import { CommitWalk } from './commit-walk.ts';
import { ObjectMarks } from './object-marks.ts';
import type { ObjectSelection, SelectionRequest } from './object-selection.ts';
import { selectByBitmaps } from './select-by-bitmaps.ts';
import { selectByTraversal } from './select-by-traversal.ts';
import { SelectionList } from './selection-list.ts';
import { addTags } from './selection-tags.ts';
import { resolveTips } from './selection-tips.ts';
import type { SelectionWork } from './selection-work.ts';
import { TreeRows } from './tree-rows.ts';

/**
 * The objects that git-upload-pack would send for `request`: by reachability bitmaps where there are some and nothing
 * depends on paths or cuts, else by walking.
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
  options.signal.throwIfAborted();
  const marks = new ObjectMarks(table.database);
  const rows = new TreeRows(table.database, marks);
  try {
    const wants = [...request.wants, ...parentsOf(table, request.unshallowed)];
    const haves = [...request.haves, ...request.unshallowed];
    const walk = new CommitWalk(table, cutsOf(repository, table, request));
    const tips = await resolveTips(walk, marks, wants, haves, options.signal);
    const isCut = request.clientShallow.length + request.boundary.length + request.unshallowed.length > 0;
    const { signal } = options;
    const work = { repository, table, request, wants, haves, walk, tips, marks, rows, isCut, signal };
    return (await trySelectByBitmaps(work)) ?? (await selectByTraversal(work));
  } finally {
    rows.release();
    marks.release();
  }
}

async function trySelectByBitmaps(work: SelectionWork): Promise<ObjectSelection | undefined> {
  const { repository, table, request, tips, marks, rows, signal } = work;
  if (work.isCut || repository.shallow.length > 0 || repository.grafts.size > 0) return undefined;
  const plan = closurePlan(request.filter);
  const { bitmaps } = table.database;
  if (plan === undefined || bitmaps === undefined) return undefined;
  const list = new SelectionList();
  const found = await selectByBitmaps({ table, bitmaps, marks, rows, signal }, tips.wanted, tips.had, plan, list);
  if (found === undefined) return undefined;
  const isSelected = (number: ObjectNumber): boolean => found.selected.has(number);
  await addTags(table.database, request.includeTags, isSelected, list, signal);
  const isFiltered = request.filter !== undefined;
  return {
    count: list.count,
    ...list.arrays(),
    bases: new SelectionList().arrays(),
    isFromBitmaps: true,
    // With a filter the client may lack blobs of the commits it has.
    clientHas: (number) => !isFiltered && found.clientHas.has(number),
  };
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
