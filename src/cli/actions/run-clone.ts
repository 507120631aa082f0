import { cloneThroughMirrors } from '../../mirror/clone/clone-through-mirrors.ts';
import { openGitProgram } from '../../mirror/git-program.ts';
import type { Invocation } from '../invocation.ts';
import { withMirrorInterrupts } from '../mirror-interruption.ts';
import { passedWords } from '../passed-words.ts';

/** `git mirror clone`. */
export async function runClone(invocation: Invocation): Promise<number> {
  const { host, flags } = invocation;
  return withMirrorInterrupts(host, (interrupts) =>
    cloneThroughMirrors({
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
