import type { Repository } from '../repository.ts';

/** Part of a fetch refspec, seen from the remote: what it calls `shown` is kept here as `stored`. */
export interface ReversedRefspec {
  readonly shown: string;
  readonly stored: string;
  /** Both are the beginnings of names, and what follows is the same. */
  readonly isPrefix: boolean;
}

/** Names left out by a negative refspec: those that begin and end so. */
interface Exclusion {
  readonly start: string;
  /** Undefined: `start` is the whole name. */
  readonly end: string | undefined;
}

/**
 * The fetch refspecs of one remote (git-config(1), `remote.<name>.fetch`), read backwards: from what a fetch has left in
 * this repository to what the remote calls it. Refspecs with `*` in the middle of a name are not among them, nor those
 * that leave no ref. Tags are where they are, unless a refspec puts them elsewhere.
 */
export class ReversedRefspecs {
  /** In order: of several that a name fits, the first counts. */
  readonly refspecs: readonly ReversedRefspec[];
  /** Where the remote's HEAD is kept. */
  readonly storedHead: string;
  readonly #exclusions: readonly Exclusion[];

  private constructor(refspecs: readonly ReversedRefspec[], exclusions: readonly Exclusion[], storedHead: string) {
    this.refspecs = refspecs;
    this.storedHead = storedHead;
    this.#exclusions = exclusions;
  }

  /**
   * Those of `remote`. `whole` when every ref is kept under its own name: `+refs/*:refs/*`, or a bare clone, which has no
   * refspec. Undefined unless all branches are kept, under `refs/remotes/<remote>/` or their own names: anything less is no
   * copy of the remote.
   */
  static read(
    { config, isBare }: Pick<Repository, 'config' | 'isBare'>,
    remote: string,
  ): ReversedRefspecs | 'whole' | undefined {
    const values = config.getAll(`remote.${remote}.fetch`);
    if (values.length === 0) return isBare ? 'whole' : undefined;
    const refspecs = values.map(parseRefspec).filter((refspec) => refspec !== undefined);
    const has = (shown: string, stored: string): boolean =>
      refspecs.some((refspec) => refspec.isPrefix && refspec.shown === shown && refspec.stored === stored);
    if (has('refs/', 'refs/')) return 'whole';
    const isTracking = has('refs/heads/', `refs/remotes/${remote}/`);
    if (!isTracking && !has('refs/heads/', 'refs/heads/')) return undefined;
    const tags = { shown: 'refs/tags/', stored: 'refs/tags/', isPrefix: true };
    const storedHead = isTracking ? `refs/remotes/${remote}/HEAD` : 'HEAD';
    return new ReversedRefspecs([...refspecs, tags], values.flatMap(parseExclusion), storedHead);
  }

  /** Where the ref is kept that the remote calls `shown`; undefined when none is. */
  storedName(shown: string): string | undefined {
    if (shown === 'HEAD') return this.storedHead;
    const refspec = this.refspecOf(shown);
    return refspec && refspec.stored + shown.slice(refspec.shown.length);
  }

  /** The refspec that says where the ref is kept that the remote calls `shown`; undefined when none is. */
  refspecOf(shown: string): ReversedRefspec | undefined {
    if (this.#exclusions.some((exclusion) => excludes(exclusion, shown))) return undefined;
    const refspec = this.refspecs.find(({ shown: start, isPrefix }) =>
      isPrefix ? shown.startsWith(start) : shown === start,
    );
    const isHead = refspec !== undefined && refspec.stored + shown.slice(refspec.shown.length) === this.storedHead;
    return isHead ? undefined : refspec;
  }

  /** What the remote calls the ref that is kept as `stored`; undefined when it has none such. */
  shownName(stored: string): string | undefined {
    for (const { shown: to, stored: from, isPrefix } of this.refspecs) {
      if (isPrefix ? !stored.startsWith(from) : stored !== from) continue;
      const shown = to + stored.slice(from.length);
      if (this.storedName(shown) === stored) return shown;
    }
    return undefined;
  }
}

function parseRefspec(value: string): ReversedRefspec | undefined {
  if (value.startsWith('^')) return undefined;
  const [shown = '', stored = '', ...more] = value.replace(/^\+/, '').split(':');
  if (more.length > 0 || !shown.startsWith('refs/') || !stored.startsWith('refs/')) return undefined;
  const isPrefix = shown.endsWith('*') && stored.endsWith('*');
  const plain = (name: string): string => (isPrefix ? name.slice(0, -1) : name);
  if (plain(shown).includes('*') || plain(stored).includes('*')) return undefined;
  return { shown: plain(shown), stored: plain(stored), isPrefix };
}

function parseExclusion(value: string): readonly Exclusion[] {
  if (!value.startsWith('^')) return [];
  const [start = '', end] = value.slice(1).split('*', 2);
  return [{ start, end }];
}

function excludes({ start, end }: Exclusion, name: string): boolean {
  if (end === undefined) return name === start;
  return name.length >= start.length + end.length && name.startsWith(start) && name.endsWith(end);
}
