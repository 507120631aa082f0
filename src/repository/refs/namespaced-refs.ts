import { GitMirrorError } from '../../core/error.ts';
import { isValidRefName } from '../../core/ref-name.ts';
import type { Head, Ref, RefStore } from '../ref-store.ts';

/**
 * What stands in front of the names of all refs in a namespace (gitnamespaces(7)): `a/b` is
 * `refs/namespaces/a/refs/namespaces/b/`, and no namespace the empty text.
 *
 * @param namespace - the value of `GIT_NAMESPACE`
 * @throws GitMirrorError `GM_USAGE`, in git's words, when it cannot be part of a ref's name
 */
export function namespacePrefix(namespace: string): string {
  if (namespace === '') return '';
  const parts = namespace.split('/').filter((part) => part !== '');
  const prefix = parts.map((part) => `refs/namespaces/${part}`).join('/');
  if (!isValidRefName(prefix)) throw new GitMirrorError('GM_USAGE', `bad git namespace path "${namespace}"`);
  return `${prefix}/`;
}

/**
 * The refs of one namespace as if they were those of a repository: names without the namespace in front, HEAD its own.
 *
 * As in git, a namespace's HEAD is a ref under `refs/` like any other: `list('')` and `list('HEAD')` give it, `list('refs/')`
 * does not. Where a symbolic ref leads out of the namespace nothing is said of its target.
 */
export class NamespacedRefs implements RefStore {
  readonly #refs: RefStore;
  readonly #prefix: string;

  /** @param prefix - from {@link namespacePrefix} */
  constructor(refs: RefStore, prefix: string) {
    this.#refs = refs;
    this.#prefix = prefix;
  }

  /** The name in the repository of a ref of the namespace. */
  fullName(name: string): string {
    return this.#prefix + name;
  }

  head(headName = 'HEAD'): Head | undefined {
    const head = this.#refs.head(this.fullName(headName));
    return head && { target: head.target === undefined ? undefined : this.#strip(head.target), oid: head.oid };
  }

  find(name: string): Ref | undefined {
    const ref = this.#refs.find(this.fullName(name));
    return ref && this.#stripRef(ref);
  }

  *list(prefix = ''): Generator<Ref, void, undefined> {
    for (const ref of this.#refs.list(this.fullName(prefix))) yield this.#stripRef(ref);
  }

  version(): string {
    return this.#refs.version();
  }

  #stripRef(ref: Ref): Ref {
    const name = ref.name.slice(this.#prefix.length);
    return { ...ref, name, symrefTarget: ref.symrefTarget === undefined ? undefined : this.#strip(ref.symrefTarget) };
  }

  #strip(name: string): string | undefined {
    return name.startsWith(this.#prefix) ? name.slice(this.#prefix.length) : undefined;
  }
}
