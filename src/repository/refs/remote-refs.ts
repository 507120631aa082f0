import { compareRawText, startsWithRawText } from '../../core/raw-text.ts';
import type { Head, Ref, RefStore } from '../ref-store.ts';
import type { ReversedRefspec, ReversedRefspecs } from './reversed-refspecs.ts';

/**
 * What a repository knows of the refs of one of its remotes, as if they were those of a repository: `refs/remotes/origin/*`
 * is `refs/heads/*`, HEAD the remote's own as far as it is known (`refs/remotes/origin/HEAD`), tags are where they are.
 * Everything else is not there.
 */
export class RemoteRefs implements RefStore {
  readonly #refs: RefStore;
  readonly #refspecs: ReversedRefspecs;

  constructor(refs: RefStore, refspecs: ReversedRefspecs) {
    this.#refs = refs;
    this.#refspecs = refspecs;
  }

  /** The name in the repository; undefined for what cannot be there. */
  storedName(name: string): string | undefined {
    return this.#refspecs.storedName(name);
  }

  head(name = 'HEAD'): Head | undefined {
    const stored = this.storedName(name);
    const head = stored === undefined ? undefined : this.#refs.head(stored);
    if (head === undefined) return undefined;
    return { target: head.target === undefined ? undefined : this.#refspecs.shownName(head.target), oid: head.oid };
  }

  find(name: string): Ref | undefined {
    const stored = this.storedName(name);
    const ref = stored === undefined ? undefined : this.#refs.find(stored);
    return ref && this.#shown(ref, name);
  }

  *list(prefix = ''): Generator<Ref, void, undefined> {
    const sources = this.#refspecs.refspecs.map((refspec) => this.#listOne(refspec, prefix));
    const heads = sources.map((source) => nextOf(source));
    for (;;) {
      const first = indexOfFirst(heads);
      const ref = heads[first];
      const source = sources[first];
      if (ref === undefined || source === undefined) return;
      yield ref;
      heads[first] = nextOf(source);
    }
  }

  version(): string {
    return this.#refs.version();
  }

  *#listOne(refspec: ReversedRefspec, prefix: string): Generator<Ref, void, undefined> {
    const { shown: to, stored: from, isPrefix } = refspec;
    const isInside = startsWithRawText(to, prefix);
    if (!isPrefix) {
      const ref = isInside ? this.find(to) : undefined;
      // Another refspec may have put it elsewhere.
      if (ref !== undefined && this.#refspecs.refspecOf(to) === refspec) yield ref;
      return;
    }
    if (!isInside && !prefix.startsWith(to)) return;
    for (const ref of this.#refs.list(isInside ? from : from + prefix.slice(to.length))) {
      const name = to + ref.name.slice(from.length);
      if (this.#refspecs.refspecOf(name) === refspec) yield this.#shown(ref, name);
    }
  }

  #shown(ref: Ref, name: string): Ref {
    const { symrefTarget } = ref;
    return {
      ...ref,
      name,
      symrefTarget: symrefTarget === undefined ? undefined : this.#refspecs.shownName(symrefTarget),
    };
  }
}

function nextOf(source: Generator<Ref, void, undefined>): Ref | undefined {
  const step = source.next();
  return step.done === true ? undefined : step.value;
}

/** Which of them comes first; the first one when none is left. */
function indexOfFirst(heads: readonly (Ref | undefined)[]): number {
  let first = 0;
  for (const [index, ref] of heads.entries()) {
    const best = heads[first];
    if (ref !== undefined && (best === undefined || compareRawText(ref.name, best.name) < 0)) first = index;
  }
  return first;
}
