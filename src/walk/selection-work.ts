import type { ObjectNumber } from '../repository/object-number.ts';
import type { Repository } from '../repository/repository.ts';
import type { CommitTable } from './commit-table.ts';
import type { CommitWalk } from './commit-walk.ts';
import type { ObjectMarks } from './object-marks.ts';
import type { SelectionRequest } from './object-selection.ts';
import type { SelectionTips } from './selection-tips.ts';
import type { TreeRows } from './tree-rows.ts';

/** What the ways of selecting have in common. */
export interface SelectionWork {
  readonly repository: Repository;
  readonly table: CommitTable;
  readonly request: SelectionRequest;
  readonly wants: readonly ObjectNumber[];
  readonly haves: readonly ObjectNumber[];
  readonly walk: CommitWalk;
  readonly tips: SelectionTips;
  readonly marks: ObjectMarks;
  readonly rows: TreeRows;
  /** Whether history ends for the client where it does not for us, or did. */
  readonly isCut: boolean;
  readonly signal: AbortSignal;
}
