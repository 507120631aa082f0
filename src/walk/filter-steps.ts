import type { ObjectType } from '../objects/object-type.ts';
import type { ObjectDatabase } from '../repository/object-database.ts';
import type { ObjectNumber } from '../repository/object-number.ts';
import type { ObjectFilter } from './object-filter.ts';
import type { SparseRules } from './sparse-rules.ts';

/** What a filter says of an object: bits. */
export const verdict = {
  /** Send it. */
  show: 1,
  /** Nothing else will be said of it: do not ask again. */
  done: 2,
  /** Do not go into this tree. */
  skip: 4,
} as const;

const take = verdict.show | verdict.done;

/**
 * A filter while trees are gone through, depth first. Git asks its filters at the same moments, and an object that is
 * not done is asked about again whenever it turns up.
 */
export interface FilterSteps {
  /** Whether paths matter; else they are given as empty. */
  readonly needsPaths: boolean;
  commit(commit: ObjectNumber): number;
  tag(tag: ObjectNumber): number;
  /** Each tree that is begun is ended, skipped ones too. */
  beginTree(tree: ObjectNumber, path: string): number;
  endTree(tree: ObjectNumber): number;
  blob(blob: ObjectNumber, path: string): number;
}

/** The steps of `filter`. `rulesOf` finds the rules that a `sparse:oid` filter names. */
export function filterSteps(
  filter: ObjectFilter,
  database: ObjectDatabase,
  rulesOf: (filter: ObjectFilter & { kind: 'sparse:oid' }) => SparseRules,
): FilterSteps {
  switch (filter.kind) {
    case 'blob:none':
      return { ...allSteps, blob: () => verdict.done };
    case 'blob:limit':
      return {
        ...allSteps,
        // The size of what is missing is not known: then it is for others to say that it is missing.
        blob: (blob) => (!database.has(blob) || database.sizeOf(blob) < filter.maxBytes ? take : verdict.done),
      };
    case 'tree':
      return new TreeDepthSteps(filter.depth);
    case 'object:type':
      return objectTypeSteps(filter.type);
    case 'sparse:oid':
      return new SparseSteps(rulesOf(filter));
    case 'combine':
      return new CombinedSteps(filter.filters.map((part) => filterSteps(part, database, rulesOf)));
  }
}

const allSteps: FilterSteps = {
  needsPaths: false,
  commit: () => take,
  tag: () => take,
  beginTree: () => take,
  endTree: () => 0,
  blob: () => take,
};

function objectTypeSteps(type: ObjectType): FilterSteps {
  const only = (own: ObjectType): number => (own === type ? take : verdict.done);
  const treeVerdict = type === 'commit' || type === 'tag' ? verdict.skip : only('tree');
  return {
    needsPaths: false,
    commit: () => only('commit'),
    tag: () => only('tag'),
    beginTree: () => treeVerdict,
    endTree: () => 0,
    blob: () => only('blob'),
  };
}

/** A tree is gone into again when it turns up nearer to the root. */
class TreeDepthSteps implements FilterSteps {
  readonly needsPaths = false;
  readonly #excludeDepth: number;
  readonly #seenAtDepth = new Map<ObjectNumber, number>();
  #depth = 0;

  constructor(excludeDepth: number) {
    this.#excludeDepth = excludeDepth;
  }

  commit(): number {
    return take;
  }

  tag(): number {
    return take;
  }

  beginTree(tree: ObjectNumber): number {
    const depth = this.#depth++;
    const seenAt = this.#seenAtDepth.get(tree);
    if (seenAt !== undefined && depth >= seenAt) return verdict.skip;
    this.#seenAtDepth.set(tree, depth);
    return depth < this.#excludeDepth ? verdict.show : verdict.skip;
  }

  endTree(): number {
    this.#depth--;
    return 0;
  }

  blob(): number {
    return this.#depth < this.#excludeDepth ? take : 0;
  }
}

/** All trees are sent, and the blobs that the rules include at any of their paths. */
class SparseSteps implements FilterSteps {
  readonly needsPaths = true;
  readonly #rules: SparseRules;
  readonly #shown = new Set<ObjectNumber>();
  /** For each tree that is open: whether what no rule speaks of is included, and whether something was left out. */
  readonly #open = [{ isIncluded: false, hasOmitted: false }];

  constructor(rules: SparseRules) {
    this.#rules = rules;
  }

  commit(): number {
    return take;
  }

  tag(): number {
    return take;
  }

  beginTree(tree: ObjectNumber, path: string): number {
    this.#open.push({ isIncluded: this.#isIncluded(path, true), hasOmitted: false });
    if (this.#shown.has(tree)) return 0;
    this.#shown.add(tree);
    return verdict.show;
  }

  endTree(): number {
    const closed = this.#open.pop();
    if (closed?.hasOmitted !== true) return verdict.done;
    const above = this.#open.at(-1);
    if (above !== undefined) above.hasOmitted = true;
    return 0;
  }

  blob(_blob: ObjectNumber, path: string): number {
    if (this.#isIncluded(path, false)) return take;
    const above = this.#open.at(-1);
    if (above !== undefined) above.hasOmitted = true;
    return 0;
  }

  #isIncluded(path: string, isFolder: boolean): boolean {
    const said = this.#rules.verdict(path, isFolder);
    return said === 'undecided' ? this.#open.at(-1)?.isIncluded === true : said === 'included';
  }
}

/** One filter of several, with its own memory of what it is done with. */
interface CombinedPart {
  readonly steps: FilterSteps;
  readonly done: Set<ObjectNumber>;
  /** The tree it does not want to see the inside of, until that ends. */
  skipped: ObjectNumber;
}

/** Shows what all of its parts show. */
class CombinedSteps implements FilterSteps {
  readonly needsPaths: boolean;
  readonly #parts: readonly CombinedPart[];

  constructor(parts: readonly FilterSteps[]) {
    this.needsPaths = parts.some((part) => part.needsPaths);
    this.#parts = parts.map((steps) => ({ steps, done: new Set(), skipped: -1 }));
  }

  commit(commit: ObjectNumber): number {
    return this.#ask(commit, false, (steps) => steps.commit(commit));
  }

  tag(tag: ObjectNumber): number {
    return this.#ask(tag, false, (steps) => steps.tag(tag));
  }

  beginTree(tree: ObjectNumber, path: string): number {
    return this.#ask(tree, false, (steps) => steps.beginTree(tree, path));
  }

  endTree(tree: ObjectNumber): number {
    return this.#ask(tree, true, (steps) => steps.endTree(tree));
  }

  blob(blob: ObjectNumber, path: string): number {
    return this.#ask(blob, false, (steps) => steps.blob(blob, path));
  }

  #ask(number: ObjectNumber, isEnd: boolean, question: (steps: FilterSteps) => number): number {
    let together = verdict.show | verdict.done | verdict.skip;
    for (const part of this.#parts) {
      const said = askPart(part, number, isEnd, question);
      together &= said | verdict.skip;
      if (part.skipped < 0) together &= ~verdict.skip;
    }
    return together;
  }
}

function askPart(
  part: CombinedPart,
  number: ObjectNumber,
  isEnd: boolean,
  question: (steps: FilterSteps) => number,
): number {
  if (part.skipped >= 0) {
    if (!isEnd || part.skipped !== number) return 0;
    part.skipped = -1;
  }
  if (part.done.has(number)) return 0;
  const said = question(part.steps);
  if ((said & verdict.done) !== 0) part.done.add(number);
  if ((said & verdict.skip) !== 0) part.skipped = number;
  return said;
}
