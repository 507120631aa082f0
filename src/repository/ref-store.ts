import type { ObjectId } from '../core/object-id.ts';

/** A ref and what it leads to. */
export interface Ref {
  readonly name: string;
  /** After symbolic refs have been followed. */
  readonly oid: ObjectId;
  /** Where a symbolic ref leads in the end. */
  readonly symrefTarget?: string | undefined;
  /**
   * What packed-refs or a reftable says of the object behind an annotated tag: its name, null when it is no tag, and
   * undefined when nothing is said (then the object must be looked at).
   */
  readonly peeledOid?: ObjectId | null | undefined;
}

/** What HEAD is. `oid` is undefined for a branch that is not born yet. */
export interface Head {
  /** Full name of the branch; undefined for a detached HEAD. */
  readonly target: string | undefined;
  readonly oid: ObjectId | undefined;
}

/**
 * The refs of one repository: loose and packed files, or a reftable (gitrepository-layout, gitformat-reftable). Reads what
 * is on disk at the time of the call, caching by stat; names are full.
 *
 * @throws GitMirrorError `GM_CORRUPT` for files that are no refs, where git would refuse to go on.
 */
export interface RefStore {
  /**
   * Undefined when HEAD is missing or makes no sense. `name` is another one's full name: that of a namespace is
   * `refs/namespaces/<namespace>/HEAD` (gitnamespaces(7)).
   */
  head(name?: string): Head | undefined;
  /** One ref, or HEAD; undefined when there is none, or it leads nowhere. */
  find(name: string): Ref | undefined;
  /**
   * The refs whose names begin with `prefix`, sorted by the bytes of their names, read as they are asked for: a million
   * refs need no large buffer. Broken refs, and symbolic ones that lead nowhere, are left out, as git does. Whether the
   * object exists is not checked.
   */
  list(prefix?: string): Iterable<Ref>;
  /** Changes when a ref does: for keys of caches. */
  version(): string;
}
