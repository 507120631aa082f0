import type { ObjectId } from '../core/object-id.ts';
import type { ObjectNumber } from '../repository/object-number.ts';
import type { Repository } from '../repository/repository.ts';
import type { ObjectFilter } from '../walk/object-filter.ts';
import { commitTableOf, numberForOid } from '../walk/commit-table.ts';
import { CommonHaves } from '../walk/reachability.ts';

/** What a client has asked for so far, in either protocol. */
export class FetchState {
  readonly wants: ObjectNumber[] = [];
  readonly #wanted = new Set<ObjectNumber>();
  /** Objects that both sides have. */
  haves: CommonHaves;
  /** Commits whose parents the client does not have. */
  readonly shallows: ObjectNumber[] = [];
  readonly #shallowSet = new Set<ObjectNumber>();
  /** Lines of each kind that came, for the limits. */
  readonly lines = { haves: 0, wants: 0, shallows: 0, deepenNots: 0, wantRefs: 0 };
  /** 0: not asked for. */
  depth = 0;
  isDepthRelative = false;
  deepenSince: number | undefined;
  /** What refs lead to whose history is not wanted, by what the client called them. */
  readonly deepenNot = new Map<string, ObjectId>();
  filter: ObjectFilter | undefined;
  thinPack = false;
  ofsDelta = false;
  noProgress = false;
  includeTag = false;

  constructor(repository: Repository) {
    this.haves = commonHaves(repository, []);
  }

  /** Whether a time or refs say how far the history is to go. */
  get deepensByRevision(): boolean {
    return this.deepenSince !== undefined || this.deepenNot.size > 0;
  }

  /** False when it was wanted already. */
  addWant(number: ObjectNumber): boolean {
    if (this.#wanted.has(number)) return false;
    this.#wanted.add(number);
    this.wants.push(number);
    return true;
  }

  addShallow(number: ObjectNumber): void {
    if (this.#shallowSet.has(number)) return;
    this.#shallowSet.add(number);
    this.shallows.push(number);
  }
}

/** Nothing in common yet; history ends where the repository's does, and at `cuts`. */
export function commonHaves(repository: Repository, cuts: readonly ObjectNumber[]): CommonHaves {
  const own = repository.shallow.map((oid) => numberForOid(repository.objects, oid));
  return new CommonHaves(commitTableOf(repository), [...own, ...cuts]);
}
