import type { ObjectId } from '../../core/object-id.ts';

/**
 * A part of a history: what its tips reach and the tips of all parts in front of it do not. So parts have nothing in common
 * and together are everything, whatever the history looks like; a bad choice of tips only makes parts of unlike size.
 */
export interface Part {
  /** Commits and tags; never empty. */
  readonly tips: readonly ObjectId[];
  /** Pack that holds it, without folder and ending; `empty` when there was nothing in it; undefined until it is here. */
  readonly pack?: string | undefined;
  /** Mirror that gave it, as it may be shown. */
  readonly from?: string | undefined;
}

/** `pack` of a part that holds no object. */
export const emptyPack = 'empty';
