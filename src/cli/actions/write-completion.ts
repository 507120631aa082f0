import { exitStatus } from '../exit-status.ts';
import type { Invocation } from '../invocation.ts';
import { completionScript, type Shell } from '../output/completion-script.ts';
import { describeTree } from '../output/command-tree.ts';

/** `git mirror completion`. The parser has checked that the shell is one of ours. */
export async function writeCompletion({ host, operands, root }: Invocation): Promise<number> {
  const [shell] = operands as readonly [Shell];
  host.stdout.write(completionScript(shell, describeTree(root)));
  return exitStatus.done;
}
