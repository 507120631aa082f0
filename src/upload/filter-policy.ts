import type { GitConfig } from '../repository/git-config.ts';
import type { ObjectFilter } from '../walk/object-filter.ts';
import { Refusal } from './upload-error.ts';

/** Which filters a repository allows: `uploadpackfilter.*` (git-config(1)). */
export class FilterPolicy {
  readonly #fallback: boolean;
  readonly #allowed: ReadonlyMap<string, boolean>;
  readonly #maxTreeDepth: number | undefined;

  constructor(fallback: boolean, allowed: ReadonlyMap<string, boolean>, maxTreeDepth: number | undefined) {
    this.#fallback = fallback;
    this.#allowed = allowed;
    this.#maxTreeDepth = maxTreeDepth;
  }

  /** @throws GitMirrorError `GM_CORRUPT` for values that are no booleans or numbers. */
  static read(config: GitConfig): FilterPolicy {
    const allowed = new Map<string, boolean>();
    for (const kind of config.subsections('uploadpackfilter')) {
      const allow = config.getBoolean(`uploadpackfilter.${kind}.allow`);
      if (allow !== undefined) allowed.set(kind, allow);
    }
    const maxTreeDepth = config.getInteger('uploadpackfilter.tree.maxdepth');
    // Naming a depth allows the filter; only a later `allow` takes that back.
    if (maxTreeDepth !== undefined && !isTakenBack(config)) allowed.set('tree', true);
    return new FilterPolicy(config.getBoolean('uploadpackfilter.allow') ?? true, allowed, maxTreeDepth);
  }

  /** @throws Refusal in git's words when `filter`, or one it combines, is not allowed. */
  check(filter: ObjectFilter): void {
    if (!(this.#allowed.get(filter.kind) ?? this.#fallback)) {
      throw new Refusal(`filter '${filter.kind}' not supported`);
    }
    if (filter.kind === 'tree' && this.#maxTreeDepth !== undefined && filter.depth > this.#maxTreeDepth) {
      throw new Refusal(
        `tree filter allows max depth ${String(this.#maxTreeDepth)}, but got ${BigInt(filter.depth).toString()}`,
      );
    }
    if (filter.kind === 'combine') for (const part of filter.filters) this.check(part);
  }
}

function isTakenBack(config: GitConfig): boolean {
  let last = '';
  for (const [key] of config.entries('uploadpackfilter.tree.')) last = key;
  return last === 'uploadpackfilter.tree.allow';
}
