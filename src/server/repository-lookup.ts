/** A repository that is served. */
export interface ServedRepository {
  /** Name in URLs: `project.git` or `group/project.git`. */
  readonly name: string;
  /** Directory of the repository. */
  readonly directory: string;
  /** `preparing` until the first copy is complete: such a repository is answered with "come back later". */
  readonly state: 'preparing' | 'ready';
  /** Where it comes from, for the index page; credentials removed. */
  readonly upstream?: string | undefined;
}

/** What is known of a name. */
export type FoundRepository =
  | { readonly kind: 'found'; readonly name: string; readonly directory: string }
  | { readonly kind: 'preparing'; readonly name: string }
  /** It is there, and not meant to be served: it has no `git-daemon-export-ok`. */
  | { readonly kind: 'not-exported'; readonly name: string }
  /** It belongs to another user of this machine (git-config(1), `safe.directory`); `reason` is for the log. */
  | { readonly kind: 'unsafe'; readonly name: string; readonly reason: string }
  | { readonly kind: 'unknown' };

/** Says which directory stands behind a name. */
export interface RepositoryLookup {
  /**
   * Looks up the name in a URL: parts separated by slashes, none of them empty, `.` or `..`, or hidden (but for a last one
   * that is `.git`), without control characters and backslashes; empty for the root itself.
   */
  find(name: string): Promise<FoundRepository>;
  /** Repositories that can be shown, by name. */
  list(): readonly ServedRepository[] | Promise<readonly ServedRepository[]>;
}
