import type { ObjectFilter } from './object-filter.ts';

/** What of the objects below commits passes a filter that does not look at paths or depths. */
export interface ClosurePlan {
  /** Whether commits pass that were not asked for by name. */
  readonly commits: boolean;
  readonly trees: boolean;
  readonly blobs: boolean;
  /** Blobs of this size and larger do not pass. */
  readonly maxBlobBytes: number;
}

const everything: ClosurePlan = { commits: true, trees: true, blobs: true, maxBlobBytes: Infinity };

/** The plan of a filter; undefined when it looks at paths or depths. */
export function closurePlan(filter: ObjectFilter | undefined): ClosurePlan | undefined {
  switch (filter?.kind) {
    case undefined:
      return everything;
    case 'blob:none':
      return { ...everything, blobs: false };
    case 'blob:limit':
      return { ...everything, maxBlobBytes: filter.maxBytes };
    case 'tree':
      return filter.depth === 0 ? { ...everything, trees: false, blobs: false } : undefined;
    case 'object:type':
      return {
        ...everything,
        commits: filter.type === 'commit',
        trees: filter.type === 'tree',
        blobs: filter.type === 'blob',
      };
    case 'sparse:oid':
      return undefined;
    case 'combine':
      return filter.filters.map(closurePlan).reduce(
        (left, right) =>
          left &&
          right && {
            commits: left.commits && right.commits,
            trees: left.trees && right.trees,
            blobs: left.blobs && right.blobs,
            maxBlobBytes: Math.min(left.maxBlobBytes, right.maxBlobBytes),
          },
        everything,
      );
  }
}
