import { Flag, type FlagGroup } from './flag.ts';

/** Values of {@link listFlags} and {@link preferFlags}. */
export interface MirrorListFlags {
  readonly refresh?: boolean;
  readonly none?: boolean;
}

const group = 'Mirrors:';

/** For `list`. */
export const listFlags: FlagGroup = () => [
  new Flag('--refresh', 'ask the origin for its mirrors although the list is not old', { group }),
];

/** For `prefer`. */
export const preferFlags: FlagGroup = () => [
  new Flag('--none', 'prefer no mirror any more', { environment: false, group }),
];
