import type { RefMapping } from '../../sync/request.ts';
import { collect, Flag, type FlagGroup } from './flag.ts';
import { collectBranches, collectMappings } from './flag-values.ts';

/** Values of {@link scopeFlags}. */
export interface ScopeFlags {
  readonly branch?: readonly string[];
  readonly map?: readonly RefMapping[];
  readonly tags?: boolean;
  readonly allRefs?: boolean;
  readonly excludeRefPrefix?: readonly string[];
  readonly excludeRef?: readonly string[];
}

/** Values of {@link listingFlags} and {@link prefixFlags}. */
export interface ListingFlags {
  readonly tags?: boolean;
  readonly allRefs?: boolean;
  readonly excludeRefPrefix?: readonly string[];
  readonly refPrefix?: readonly string[];
}

const group = 'Scope:';

/** Flags that `probe` shares with the others. */
export const listingFlags: FlagGroup = () => [
  new Flag('--tags', 'take the tags along', { group }),
  new Flag('--no-tags', 'leave the tags out (the default)', { group }),
  new Flag('--all-refs', 'take every ref below refs/, tags included', { group }),
  new Flag('--exclude-ref-prefix <prefix>', 'leave out refs whose full name begins so; repeatable', {
    parse: collect,
    repeatable: true,
    group,
  }),
];

/** Other refs to list than branches and tags. */
export const prefixFlags: FlagGroup = () => [
  new Flag('--ref-prefix <prefix>', 'list only refs whose full name begins so; repeatable', {
    parse: collect,
    repeatable: true,
    group,
  }),
];

/** Which refs take part. */
export const scopeFlags: FlagGroup = () => [
  new Flag('-b, --branch <name>', 'only these branches; repeatable, and takes comma-separated lists', {
    parse: collectBranches,
    repeatable: true,
    group,
  }),
  new Flag('--map <source:target>', 'copy a ref under another name; both sides may hold one *; repeatable', {
    parse: collectMappings,
    repeatable: true,
    group,
  }),
  ...listingFlags(),
  new Flag('--exclude-ref <ref>', 'leave out the ref of this full name; repeatable', {
    parse: collect,
    repeatable: true,
    group,
  }),
];
