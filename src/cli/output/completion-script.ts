import { bashScript } from './completion-bash.ts';
import { fishScript } from './completion-fish.ts';
import { zshScript } from './completion-zsh.ts';
import type { TreeDescription } from './command-tree.ts';

const writers = { bash: bashScript, zsh: zshScript, fish: fishScript } as const;

/** A shell there is a completion script for. */
export type Shell = keyof typeof writers;

/** The completion script of `shell` for all commands and flags of `tree`. */
export function completionScript(shell: Shell, tree: TreeDescription): string {
  return writers[shell](tree);
}
