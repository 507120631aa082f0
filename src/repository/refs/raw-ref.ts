import { isNullOid, type ObjectId } from '../../core/object-id.ts';
import { repositoryLimits } from '../repository-limits.ts';
import { isReadableRefName } from './ref-format.ts';

/** A ref as it is stored, symbolic refs not followed. */
export type RawRef =
  | {
      readonly kind: 'oid';
      readonly oid: ObjectId;
      /** As in `Ref`. */
      readonly peeledOid?: ObjectId | null | undefined;
    }
  | { readonly kind: 'symref'; readonly target: string }
  | { readonly kind: 'missing' }
  /** There is something that is no ref. */
  | { readonly kind: 'broken' };

/** The answer for a ref that does not exist. */
export const missingRef: RawRef = { kind: 'missing' };
/** The answer for a ref that makes no sense. */
export const brokenRef: RawRef = { kind: 'broken' };

/** Where following a ref ended. */
export interface ResolvedRef {
  /** The ref at the end of symbolic ones. */
  readonly name: string;
  /** Undefined when that does not exist (yet). */
  readonly oid: ObjectId | undefined;
  readonly peeledOid?: ObjectId | null | undefined;
  readonly isSymbolic: boolean;
}

/** Follows symbolic refs. Undefined when a name is malformed, a ref broken or null, or the chain too long. */
export function resolveRef(name: string, read: (name: string) => RawRef): ResolvedRef | undefined {
  let current = name;
  for (let depth = 0; depth < repositoryLimits.maxSymrefDepth; depth++) {
    if (!isReadableRefName(current)) return undefined;
    const raw = read(current);
    const isSymbolic = depth > 0;
    switch (raw.kind) {
      case 'missing':
        return { name: current, oid: undefined, isSymbolic };
      case 'broken':
        return undefined;
      case 'oid':
        if (isNullOid(raw.oid)) return undefined;
        return { name: current, oid: raw.oid, peeledOid: raw.peeledOid, isSymbolic };
      case 'symref':
        current = raw.target;
    }
  }
  return undefined;
}
