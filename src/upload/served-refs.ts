import type { ObjectId } from '../core/object-id.ts';
import type { Head, Ref, RefStore } from '../repository/ref-store.ts';
import type { HiddenRefs } from '../repository/refs/hidden-refs.ts';
import type { NamespacedRefs } from '../repository/refs/namespaced-refs.ts';
import type { RemoteRefs } from '../repository/refs/remote-refs.ts';

/** The refs of a namespace, or what it knows of a remote's, that clients may see. */
export class ServedRefs {
  readonly #refs: RefStore;
  readonly #hidden: HiddenRefs;
  readonly #namespace: NamespacedRefs;
  readonly #remote: RemoteRefs | undefined;

  /** @param remote - shown in the place of `refs`, which it stands on */
  constructor(refs: NamespacedRefs, hidden: HiddenRefs, remote?: RemoteRefs) {
    this.#refs = remote ?? refs;
    this.#hidden = hidden;
    this.#namespace = refs;
    this.#remote = remote;
  }

  /** HEAD, unless it is hidden, missing or broken. */
  head(): Head | undefined {
    return this.#hides('HEAD') ? undefined : this.#refs.head();
  }

  /** HEAD even when it is hidden: what it leads to is told all the same in v0. */
  headTarget(): Head | undefined {
    return this.#refs.head();
  }

  /** Undefined for a hidden one too. */
  find(name: string): Ref | undefined {
    return this.#hides(name) ? undefined : this.#refs.find(name);
  }

  /** Sorted by the bytes of the names. HEAD is not among them, except that of a namespace with a prefix that fits it. */
  list(prefix: string): Iterable<Ref> {
    return this.#hidden.isEmpty ? this.#refs.list(prefix) : this.#listVisible(prefix);
  }

  /** As `RefStore.version`. */
  version(): string {
    return this.#refs.version();
  }

  /** The objects that hidden refs lead to. */
  *hiddenOids(): Generator<ObjectId, void, void> {
    if (this.#hidden.isEmpty) return;
    for (const { name, oid } of this.#refs.list('refs/')) if (this.#hides(name)) yield oid;
    const head = this.#refs.head();
    if (head?.oid !== undefined && this.#hides('HEAD')) yield head.oid;
  }

  *#listVisible(prefix: string): Generator<Ref, void, void> {
    for (const ref of this.#refs.list(prefix)) if (!this.#hides(ref.name)) yield ref;
  }

  /** What is hidden under the name it has here stays so, whatever else it is called. */
  #hides(name: string): boolean {
    if (this.#hidden.isEmpty) return false;
    const stored = this.#remote?.storedName(name) ?? name;
    const full = this.#namespace.fullName(stored);
    return this.#hidden.isHidden(name, full) || (stored !== name && this.#hidden.isHidden(stored, full));
  }
}

/**
 * The shortest prefixes that cover `prefixes` and do not overlap, sorted: listing each in turn gives every ref once, in
 * order.
 */
export function disjointPrefixes(prefixes: readonly string[]): readonly string[] {
  const sorted = [...new Set(prefixes)].sort(compareBytes);
  const covering: string[] = [];
  let last: string | undefined;
  for (const prefix of sorted) {
    if (last !== undefined && prefix.startsWith(last)) continue;
    covering.push(prefix);
    last = prefix;
  }
  return covering;
}

function compareBytes(left: string, right: string): number {
  return left === right ? 0 : Buffer.compare(Buffer.from(left), Buffer.from(right));
}
