import { unquoteCStyle } from './unquote-c-style.ts';

/** What git has set by `option` commands (gitremote-helpers(7), OPTIONS). Values are as git gave them. */
export interface TransferOptions {
  /** 0 is quiet, 1 the default. */
  readonly verbosity: number;
  readonly progress: boolean;
  readonly family: string | undefined;
  readonly depth: string | undefined;
  readonly deepenSince: string | undefined;
  readonly deepenNot: readonly string[];
  readonly deepenRelative: boolean;
  readonly updateShallow: boolean;
  readonly rejectShallow: boolean;
  readonly filter: string | undefined;
  readonly fromPromisor: boolean;
  readonly noDependents: boolean;
  readonly refetch: boolean;
  readonly cloning: boolean;
  /** Whether tags are to come along that lead to what is fetched. */
  readonly followTags: boolean;
  readonly checkConnectivity: boolean;
  readonly dryRun: boolean;
  readonly force: boolean;
  readonly atomic: boolean;
  /** `true` or `if-asked`. */
  readonly pushCertificate: string | undefined;
  readonly pushOptions: readonly string[];
  /** `<ref>:<expected oid>`. */
  readonly leases: readonly string[];
}

/** What is set before git says anything. */
export const defaultTransferOptions: TransferOptions = {
  verbosity: 1,
  progress: false,
  family: undefined,
  depth: undefined,
  deepenSince: undefined,
  deepenNot: [],
  deepenRelative: false,
  updateShallow: false,
  rejectShallow: false,
  filter: undefined,
  fromPromisor: false,
  noDependents: false,
  refetch: false,
  cloning: false,
  followTags: false,
  checkConnectivity: false,
  dryRun: false,
  force: false,
  atomic: false,
  pushCertificate: undefined,
  pushOptions: [],
  leases: [],
};

const flags: ReadonlyMap<string, keyof TransferOptions> = new Map([
  ['progress', 'progress'],
  ['deepen-relative', 'deepenRelative'],
  ['update-shallow', 'updateShallow'],
  ['updateshallow', 'updateShallow'],
  ['rejectshallow', 'rejectShallow'],
  ['from-promisor', 'fromPromisor'],
  ['no-dependents', 'noDependents'],
  ['refetch', 'refetch'],
  ['cloning', 'cloning'],
  ['followtags', 'followTags'],
  ['check-connectivity', 'checkConnectivity'],
  ['dry-run', 'dryRun'],
  ['force', 'force'],
  ['atomic', 'atomic'],
] as const);

/** Options that change nothing here: a lease has its value, and lists name their format in any case. */
const idle: ReadonlySet<string> = new Set(['force-if-includes', 'object-format']);

/**
 * `options` with one more of them set, or `unsupported`, or `error <why>`: the last two are the answers that
 * gitremote-helpers(7) has for it.
 */
export function setTransferOption(
  options: TransferOptions,
  name: string,
  quotedValue: string,
): TransferOptions | 'unsupported' | `error ${string}` {
  const value = unquoteCStyle(quotedValue);
  if (value === undefined) return `error ${name} is quoted wrongly`;
  const flag = flags.get(name);
  if (flag !== undefined) {
    if (!['true', 'false', '1', '0', 'yes', 'no', ''].includes(value)) return `error ${name} is true or false`;
    return { ...options, [flag]: ['true', '1', 'yes'].includes(value) };
  }
  if (idle.has(name)) return options;
  switch (name) {
    case 'verbosity':
      if (!/^-?\d{1,3}$/.test(value)) return `error verbosity is a number`;
      return { ...options, verbosity: Number(value) };
    case 'family':
      if (!['all', 'ipv4', 'ipv6'].includes(value)) return `error family is all, ipv4 or ipv6`;
      return { ...options, family: value };
    case 'depth':
      if (!/^\d{1,10}$/.test(value)) return `error depth is a number`;
      // Zero takes it back: git does so before it fetches the tags of what it has.
      return { ...options, depth: value === '0' ? undefined : value };
    case 'deepen-since':
      return { ...options, deepenSince: value };
    case 'deepen-not':
      return { ...options, deepenNot: [...options.deepenNot, value] };
    case 'filter':
      return { ...options, filter: value };
    case 'pushcert':
      return { ...options, pushCertificate: value === 'false' ? undefined : value };
    case 'push-option':
      return { ...options, pushOptions: [...options.pushOptions, value] };
    case 'cas':
      return { ...options, leases: [...options.leases, value] };
    default:
      return 'unsupported';
  }
}
