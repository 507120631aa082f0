import type { ObjectId } from '../core/object-id.ts';
import type { ObjectType } from '../objects/object-type.ts';

/** A filter of a partial clone (git-rev-list(1), "--filter"), its numbers written out. */
export type ObjectFilter =
  | { readonly kind: 'blob:none' }
  | { readonly kind: 'blob:limit'; readonly maxBytes: number }
  | { readonly kind: 'tree'; readonly depth: number }
  | { readonly kind: 'object:type'; readonly type: ObjectType }
  /** `rules` is the name of a blob, or an expression that leads to one, such as `main:rules`. */
  | { readonly kind: 'sparse:oid'; readonly rules: string; readonly rulesOid?: ObjectId }
  | { readonly kind: 'combine'; readonly filters: readonly ObjectFilter[] };
