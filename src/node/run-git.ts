import { execFile } from 'node:child_process';
import { GitMirrorError } from '../core/error.ts';
import { presentRemoteText } from '../transport/remote-text.ts';
import { servingEnvironment } from '../server/git-programs.ts';

/** Runs the git program for the upkeep of the copies. */
export interface Git {
  /** Standard output without its last line end. Throws `GM_SYSTEM` with what git said, or the reason of `signal`. */
  run(args: readonly string[], options?: { readonly signal?: AbortSignal | undefined }): Promise<string>;
  /** As {@link run}, but undefined when git exits with a status other than 0. */
  tryRun(args: readonly string[]): Promise<string | undefined>;
}

const maxOutputBytes = 64 * 1024 * 1024;

/** Git with `env`, cleared of what would bind it to a repository of the caller, and never asking a person. */
export function createGit(env: NodeJS.ProcessEnv): Git {
  const clean = { ...servingEnvironment(env), GIT_TERMINAL_PROMPT: '0' };
  const run: Git['run'] = (args, { signal } = {}) =>
    new Promise((resolve, reject) => {
      const options = {
        env: clean,
        maxBuffer: maxOutputBytes,
        windowsHide: true,
        ...(signal === undefined ? {} : { signal }),
      };
      execFile('git', args, options, (error, stdout, stderr) => {
        if (error === null) resolve(stdout.replace(/\r?\n$/, ''));
        else if (signal?.aborted === true) reject(signal.reason as Error);
        else reject(failure(args, error, stderr));
      });
    });
  return { run, tryRun: (args) => run(args).catch(() => undefined) };
}

function failure(args: readonly string[], error: Error, stderr: string): GitMirrorError {
  const command = args.find((arg, index) => !arg.startsWith('-') && !takesValue(args[index - 1])) ?? '';
  const said = presentRemoteText(stderr);
  return new GitMirrorError('GM_SYSTEM', `git ${command} failed: ${said === '' ? error.message : said}`, {
    cause: error,
  });
}

function takesValue(arg: string | undefined): boolean {
  return arg === '-C' || arg === '-c' || arg === '--git-dir';
}
