import type { IntegerRange } from './config/config-number.ts';

/**
 * Git's configuration of one repository (git-config(1)): system, global, the repository's, its worktree's and the
 * environment's, with includes, in this order. A snapshot: it does not change.
 *
 * Keys are `section.name` or `section.subsection.name`; section and name in lower case, the subsection as it is.
 */
export interface GitConfig {
  /** The last value. A key without `=` reads as `true`. Undefined when there is none. */
  get(key: string): string | undefined;
  /** All values, in order. An empty value does not reset the list: that is up to the reader of the key. */
  getAll(key: string): readonly string[];
  /** @throws GitMirrorError `GM_CORRUPT`, in git's words, for a value that is no boolean. */
  getBoolean(key: string): boolean | undefined;
  /**
   * A number, with `k`, `m` or `g` behind it, that fits into the C type in which git holds it (`int64` when left out).
   *
   * @throws GitMirrorError `GM_CORRUPT`, in git's words, for anything else
   */
  getInteger(key: string, range?: IntegerRange): number | undefined;
  /** Names of the subsections of `section`, each once, in the order in which they were first seen. */
  subsections(section: string): readonly string[];
  /**
   * The last value among those that the repository's owner cannot set: system, global and environment
   * (git-config(1), "Protected configuration"). What is included under a condition does not count, as git has no repository
   * to ask when it reads these.
   */
  getProtected(key: string): string | undefined;
  /**
   * Every setting whose key begins with `prefix`, in the order in which they were read, as often as they were: for
   * settings of several keys whose order among each other counts (hideRefs), and for those that are passed on as they are
   * (`bundle.`). A key without `=` has no value.
   */
  entries(prefix: string): Iterable<readonly [key: string, value: string | undefined]>;
  /** Changes when any of the files that were read does: for keys of caches. */
  readonly version: string;
}
