import type { MirrorFetch } from '../../mirror/fetch/fetch-through-mirrors.ts';
import { openGitProgram } from '../../mirror/git-program.ts';
import type { Invocation } from '../invocation.ts';
import { withMirrorInterrupts } from '../mirror-interruption.ts';
import { passedWords } from '../passed-words.ts';

/** Runs a command that passes its words on to git, in the folder where it was started, with Ctrl-C as mirrors have it. */
export function runThroughMirrors(
  invocation: Invocation,
  act: (request: MirrorFetch) => Promise<number>,
): Promise<number> {
  const { host, flags } = invocation;
  return withMirrorInterrupts(host, (interrupts) =>
    act({
      git: openGitProgram(host.env, process.cwd()),
      words: passedWords(invocation),
      flags,
      say: (line) => {
        host.stderr.write(`git-mirror: ${line}\n`);
      },
      interrupts,
    }),
  );
}
