import type { FlagGroup } from '../flags/flag.ts';
import type { Invocation } from '../invocation.ts';

/** Carries a command out and returns the exit status. Errors are thrown. */
export type Action = (invocation: Invocation) => Promise<number>;

/** A positional argument: `<source>`, `[target]`, `<target...>`, and what it is. */
export interface ArgumentSpec {
  readonly term: string;
  readonly description: string;
  readonly choices?: readonly string[] | undefined;
}

/** A worked example: the words after `git mirror`, and what they do. */
export interface ExampleSpec {
  readonly command: string;
  readonly purpose: string;
}

/** What there is to know of a command without running it: enough for parsing, help and completion. */
export interface CommandSpec {
  readonly name: string;
  /** A few words, for lists of commands. */
  readonly summary: string;
  /** A paragraph or two. */
  readonly description: string;
  readonly arguments: readonly ArgumentSpec[];
  readonly flagGroups: readonly FlagGroup[];
  readonly examples: readonly ExampleSpec[];
  /** Lines that say what each exit status means here. */
  readonly exitStatus: readonly string[];
  /**
   * Set when words that are no flags of the command's own go on to git, unread. Those of its flags that git has, too, count
   * with `=` alone.
   */
  readonly passThrough?: { readonly onlyWithEquals: readonly string[] } | undefined;
  /** Loads what carries the command out. It brings the library along, so it happens only when the command runs. */
  readonly load: () => Promise<Action>;
}

/** Exit status lines of commands that end with a result. */
export const resultStatuses: readonly string[] = [
  '0    done',
  '1    failed; with several targets, at least one of them',
  '2    wrong usage: nothing was asked of any server',
  '3    blocked refs: nothing was pushed to that target',
  '130  interrupted (129 and 143: hung up, terminated)',
];

/** Exit status lines of commands that know no blocked refs. */
export const plainStatuses: readonly string[] = [
  '0    done',
  '1    failed',
  '2    wrong usage: nothing was asked of any server',
  '130  interrupted (129 and 143: hung up, terminated)',
];
