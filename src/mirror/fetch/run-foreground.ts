import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { GitMirrorError, asError } from '../../core/error.ts';
import type { GitProgram } from '../git-program.ts';
import type { MirrorInterrupts } from './mirror-interrupts.ts';

/**
 * Runs git with this process's own standard streams, in its process group, so that it can ask its user, and resolves to its
 * exit status. What stops this program is passed on to it; then the reason of the interrupts' signal is thrown, once git has
 * ended.
 */
export async function runForeground(
  git: GitProgram,
  args: readonly string[],
  interrupts: MirrorInterrupts,
): Promise<number> {
  const { signal } = interrupts;
  signal.throwIfAborted();
  const child = spawn('git', args, { env: git.env, cwd: git.cwd, stdio: 'inherit' });
  const passOn = (): void => {
    child.kill(interrupts.stoppedBy);
  };
  signal.addEventListener('abort', passOn, { once: true });
  try {
    const status = await new Promise<number>((resolve, reject) => {
      child.on('error', (error) => {
        reject(new GitMirrorError('GM_SYSTEM', `git cannot be run: ${error.message}.`, { cause: error }));
      });
      child.on('exit', (code, name) => {
        resolve(code ?? 128 + (name === null ? 0 : constants.signals[name]));
      });
    });
    if (signal.aborted) throw asError(signal.reason);
    return status;
  } finally {
    signal.removeEventListener('abort', passOn);
  }
}
