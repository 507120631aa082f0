import { readOptionWords, type OptionTable, type OptionWords } from './option-words.ts';

/** The flags of git-fetch(1), as of git 2.55. */
const fetchOptions: OptionTable = {
  long: {
    verbose: 'none',
    quiet: 'none',
    all: 'none',
    'set-upstream': 'none',
    append: 'none',
    atomic: 'none',
    'upload-pack': 'required',
    force: 'none',
    multiple: 'none',
    tags: 'none',
    jobs: 'required',
    prefetch: 'none',
    prune: 'none',
    'prune-tags': 'none',
    'recurse-submodules': 'optional',
    'dry-run': 'none',
    porcelain: 'none',
    'write-fetch-head': 'none',
    keep: 'none',
    'update-head-ok': 'none',
    progress: 'none',
    depth: 'required',
    'shallow-since': 'required',
    'shallow-exclude': 'required',
    deepen: 'required',
    unshallow: 'none',
    refetch: 'none',
    'submodule-prefix': 'required',
    'recurse-submodules-default': 'required',
    'update-shallow': 'none',
    refmap: 'required',
    'server-option': 'required',
    ipv4: 'none',
    ipv6: 'none',
    'negotiation-restrict': 'required',
    'negotiation-tip': 'required',
    'negotiation-include': 'required',
    'negotiate-only': 'none',
    filter: 'required',
    'auto-maintenance': 'none',
    'auto-gc': 'none',
    'show-forced-updates': 'none',
    'write-commit-graph': 'none',
    stdin: 'none',
  },
  short: {
    v: 'verbose',
    q: 'quiet',
    a: 'append',
    f: 'force',
    m: 'multiple',
    t: 'tags',
    n: 'no-tags',
    j: 'jobs',
    p: 'prune',
    P: 'prune-tags',
    k: 'keep',
    u: 'update-head-ok',
    o: 'server-option',
    4: 'ipv4',
    6: 'ipv6',
  },
};

/**
 * With these, git does what mirrors cannot help with, or only says what it would do. Where a history ends is for the origin
 * to say: in a repository that has one already, a mirror could cut it anywhere.
 */
const originOnly: ReadonlySet<string> = new Set([
  'depth',
  'shallow-since',
  'shallow-exclude',
  'upload-pack',
  'deepen',
  'unshallow',
  'refetch',
  'dry-run',
  'negotiate-only',
  'stdin',
  'server-option',
]);
/** With no other flags it is known what git does when there is nothing new. */
const understood: ReadonlySet<string> = new Set([
  'quiet',
  'tags',
  'no-tags',
  'prune',
  'no-prune',
  'force',
  'keep',
  'jobs',
  'progress',
  'no-progress',
  'auto-maintenance',
  'no-auto-maintenance',
  'auto-gc',
  'no-auto-gc',
  'no-recurse-submodules',
  'show-forced-updates',
  'no-show-forced-updates',
]);
/** How tags are fetched: all, those that point into what is fetched, none; undefined when the configuration says. */
export type TagMode = 'all' | 'follow' | 'none';

/** What is known of a command line of `git fetch`. */
export interface FetchCommand {
  /** The words as they were. */
  readonly words: readonly string[];
  /** The remote, URL or group; undefined when it is left to git. */
  readonly repository: string | undefined;
  readonly refspecs: readonly string[];
  /** `--all` and `--multiple`: every operand is a remote. */
  readonly isMultiple: boolean;
  readonly all: boolean | undefined;
  readonly tags: TagMode | undefined;
  readonly prune: boolean | undefined;
  readonly isQuiet: boolean;
  readonly isVerbose: boolean;
  /** Flags for mirrors that say how much is wanted. */
  readonly scope: readonly string[];
  /** Whether mirrors can help. */
  readonly isForMirrors: boolean;
  /** Whether it is known what git does when nothing is new. */
  readonly isUnderstood: boolean;
}

/** Reads the words behind `git fetch`. */
export function readFetchCommand(words: readonly string[]): FetchCommand {
  const { options, operands } = readOptionWords(words, fetchOptions);
  const isMultiple = isOn(options, 'multiple') === true;
  const tags = options.findLast(({ name }) => name === 'tags' || name === 'no-tags')?.name;
  return {
    words,
    repository: operands[0],
    refspecs: operands.slice(1),
    isMultiple,
    all: isOn(options, 'all'),
    tags: tags === undefined ? undefined : tags === 'tags' ? 'all' : 'none',
    prune: isOn(options, 'prune'),
    isQuiet: isOn(options, 'quiet') === true,
    isVerbose: isOn(options, 'verbose') === true,
    scope: options.flatMap(({ name, value }) => (name === 'filter' ? [`--filter=${value ?? ''}`] : [])),
    isForMirrors: options.every(({ name, isKnown }) => isKnown && !originOnly.has(name)),
    isUnderstood: operands.length <= 1 && options.every(({ name, isKnown }) => isKnown && understood.has(name)),
  };
}

function isOn(options: OptionWords['options'], flag: string): boolean | undefined {
  const last = options.findLast(({ name }) => name === flag || name === `no-${flag}`);
  return last === undefined ? undefined : last.name === flag;
}
