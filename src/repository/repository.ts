import type { ObjectFormat, ObjectId } from '../core/object-id.ts';
import type { GitConfig } from './git-config.ts';
import type { ObjectDatabase } from './object-database.ts';
import type { RefStore } from './ref-store.ts';

/**
 * A repository as one request sees it (gitrepository-layout). Opened for a request by a `RepositoryCache`, which keeps
 * what has not changed; belongs to one worker.
 */
export interface Repository {
  /** The `.git` folder, or the bare repository; of a worktree, that worktree's own. Real path. */
  readonly gitDir: string;
  /** Where objects, refs and configuration are; equal to `gitDir` but for worktrees. */
  readonly commonDir: string;
  readonly isBare: boolean;
  readonly format: ObjectFormat;
  readonly config: GitConfig;
  readonly refs: RefStore;
  /** Opened on first use: an advertisement of v2 and `ls-refs` without tags need none. */
  readonly objects: ObjectDatabase;
  /** Commits whose parents this repository does not have (gitrepository-layout, "shallow"). */
  readonly shallow: readonly ObjectId[];
  /** Parents that `info/grafts` gives to commits, by commit. */
  readonly grafts: ReadonlyMap<ObjectId, readonly ObjectId[]>;
}
