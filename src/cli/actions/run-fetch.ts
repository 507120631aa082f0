import { fetchThroughMirrors } from '../../mirror/fetch/fetch-through-mirrors.ts';
import { openGitProgram } from '../../mirror/git-program.ts';
import type { Invocation } from '../invocation.ts';
import { withMirrorInterrupts } from '../mirror-interruption.ts';
import { passedWords } from '../passed-words.ts';

/** `git mirror fetch`. */
export async function runFetch(invocation: Invocation): Promise<number> {
  const { host, flags } = invocation;
  return withMirrorInterrupts(host, (interrupts) =>
    fetchThroughMirrors({
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
