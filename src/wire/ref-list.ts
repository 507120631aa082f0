import { GitMirrorError } from '../core/error.ts';
import { limits } from '../core/limits.ts';
import type { ObjectId } from '../core/object-id.ts';
import { printableText } from './printable-text.ts';

/** A ref as the other side tells of it. */
export interface AdvertisedRef {
  readonly name: string;
  readonly oid: ObjectId;
  /** What an annotated tag points to in the end. */
  readonly peeled?: ObjectId;
  /** Name of the ref that this symbolic one points to. */
  readonly symrefTarget?: string;
}

/** A ref left out since its name or target is not legal. `name` is made printable: for messages, never for use. */
export interface InvalidRef {
  readonly invalid: true;
  readonly name: string;
}

const nameLength = 200;

/** An {@link InvalidRef} for a name that came off the wire. */
export function invalidRef(name: string): InvalidRef {
  return { invalid: true, name: printableText(name, nameLength) };
}

/** Refs as they come in, bounded. */
export class RefList {
  readonly refs: AdvertisedRef[] = [];
  readonly invalidRefs: InvalidRef[] = [];
  invalidRefCount = 0;
  readonly #maxRefs: number;
  #lines = 0;

  constructor(maxRefs: number = limits.maxRefs) {
    this.#maxRefs = maxRefs;
  }

  /** Counts one more line of any kind. `GM_LIMIT` past the bound. */
  count(): void {
    this.#lines += 1;
    if (this.#lines <= this.#maxRefs) return;
    throw new GitMirrorError('GM_LIMIT', `reading refs of the remote: there are more than ${this.#maxRefs}`);
  }

  addInvalid(ref: InvalidRef): void {
    this.invalidRefCount += 1;
    if (this.invalidRefs.length < limits.maxInvalidRefs) this.invalidRefs.push(ref);
  }
}
