import type { Invocation } from './invocation.ts';

/** Words for git: those behind the command, and in front of them the flags of ours that stood before it. */
export function passedWords({ flags, operands }: Invocation): readonly string[] {
  return [
    ...(flags.quiet === true ? ['--quiet'] : []),
    ...(flags.verbose === true ? ['--verbose'] : []),
    ...(flags.progress === undefined ? [] : [flags.progress ? '--progress' : '--no-progress']),
    ...operands,
  ];
}
