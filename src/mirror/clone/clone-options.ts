import { readOptionWords, type GivenOption, type OptionTable } from '../fetch/option-words.ts';

/** The flags of git-clone(1), as of git 2.55. */
const cloneOptions: OptionTable = {
  long: {
    verbose: 'none',
    quiet: 'none',
    progress: 'none',
    'reject-shallow': 'none',
    checkout: 'none',
    bare: 'none',
    naked: 'none',
    mirror: 'none',
    local: 'none',
    hardlinks: 'none',
    shared: 'none',
    'recurse-submodules': 'optional',
    recursive: 'optional',
    jobs: 'required',
    template: 'required',
    reference: 'required',
    'reference-if-able': 'required',
    dissociate: 'none',
    origin: 'required',
    branch: 'required',
    revision: 'required',
    'upload-pack': 'required',
    depth: 'required',
    'shallow-since': 'required',
    'shallow-exclude': 'required',
    'single-branch': 'none',
    tags: 'none',
    'shallow-submodules': 'none',
    'separate-git-dir': 'required',
    'ref-format': 'required',
    config: 'required',
    'server-option': 'required',
    ipv4: 'none',
    ipv6: 'none',
    filter: 'required',
    'also-filter-submodules': 'none',
    'remote-submodules': 'none',
    sparse: 'none',
    'bundle-uri': 'required',
  },
  short: {
    v: 'verbose',
    q: 'quiet',
    n: 'no-checkout',
    l: 'local',
    s: 'shared',
    j: 'jobs',
    o: 'origin',
    b: 'branch',
    u: 'upload-pack',
    c: 'config',
    4: 'ipv4',
    6: 'ipv6',
  },
};

/** With these, git does what mirrors cannot help with, or has other helpers. */
const originOnly: ReadonlySet<string> = new Set([
  'local',
  'shared',
  'no-hardlinks',
  'upload-pack',
  'server-option',
  'bundle-uri',
  'revision',
]);
const scopeFlags: ReadonlySet<string> = new Set(['depth', 'shallow-since', 'shallow-exclude', 'filter']);

/** What is known of a command line of `git clone`. */
export interface CloneCommand {
  readonly words: readonly string[];
  /** What is cloned, as it was written; undefined when the words make no clone. */
  readonly repository: string | undefined;
  /** Where to, as it was written. */
  readonly directory: string | undefined;
  readonly isBare: boolean;
  /** Every ref is wanted, not only branches and tags. */
  readonly isMirror: boolean;
  readonly isSingleBranch: boolean;
  readonly branch: string | undefined;
  readonly hasTags: boolean;
  /** Name of the remote on the command line. */
  readonly origin: string | undefined;
  readonly separateGitDir: string | undefined;
  /** Values of `--config`. */
  readonly settings: readonly string[];
  /** Whether the clone is to be shallow or partial. */
  readonly isScoped: boolean;
  readonly recursesSubmodules: boolean;
  readonly isQuiet: boolean;
  readonly isVerbose: boolean;
  /** Whether mirrors can help. */
  readonly isForMirrors: boolean;
}

/** Reads the words behind `git clone`. */
export function readCloneCommand(words: readonly string[]): CloneCommand {
  const { options, operands } = readOptionWords(words, cloneOptions);
  const isMirror = isOn(options, 'mirror') === true;
  const isScoped = options.some(({ name }) => scopeFlags.has(name));
  const isShallow = options.some(({ name }) => scopeFlags.has(name) && name !== 'filter');
  return {
    words,
    repository: operands.length > 2 ? undefined : operands[0],
    directory: operands[1],
    isBare: isMirror || isOn(options, 'bare') === true || isOn(options, 'naked') === true,
    isMirror,
    // Shallow clones are of one branch unless told otherwise (git-clone(1), `--single-branch`).
    isSingleBranch: isOn(options, 'single-branch') ?? isShallow,
    branch: valueOf(options, 'branch'),
    hasTags: isOn(options, 'tags') !== false,
    origin: valueOf(options, 'origin'),
    separateGitDir: valueOf(options, 'separate-git-dir'),
    settings: options.flatMap(({ name, value }) => (name === 'config' && value !== undefined ? [value] : [])),
    isScoped,
    recursesSubmodules: options.some(({ name }) => name === 'recurse-submodules' || name === 'recursive'),
    isQuiet: isOn(options, 'quiet') === true,
    isVerbose: isOn(options, 'verbose') === true,
    isForMirrors: options.every(({ name, isKnown }) => isKnown && !originOnly.has(name)),
  };
}

function isOn(options: readonly GivenOption[], flag: string): boolean | undefined {
  const last = options.findLast(({ name }) => name === flag || name === `no-${flag}`);
  return last === undefined ? undefined : last.name === flag;
}

function valueOf(options: readonly GivenOption[], flag: string): string | undefined {
  return options.findLast(({ name }) => name === flag)?.value;
}
