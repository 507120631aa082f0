import { spawn, type StdioOptions } from 'node:child_process';
import { GitMirrorError } from '../core/error.ts';
import { presentRemoteText } from '../transport/remote-text.ts';
import { directEnvironment } from './direct-environment.ts';

/** How one run of git differs from the next. */
export interface GitRunOptions {
  readonly signal?: AbortSignal | undefined;
  readonly input?: string | Uint8Array | undefined;
  /** On top of the program's own environment; undefined removes. */
  readonly env?: Readonly<Record<string, string | undefined>> | undefined;
  /** Exit statuses besides 0 that are an answer and no failure. */
  readonly allowStatus?: readonly number[] | undefined;
}

/** What a run of git left. */
export interface GitOutcome {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * The git of this machine, in one repository or in none. On the client's side it moves the objects, knows the
 * configuration, and has the last word on refs.
 */
export interface GitProgram {
  readonly env: NodeJS.ProcessEnv;
  /** Folder that it is run in. */
  readonly cwd: string;
  /** The same git with other variables on top; undefined removes one. */
  with(env: Readonly<Record<string, string | undefined>>, cwd?: string): GitProgram;
  /**
   * Runs it and collects what it prints, at most 256 MiB. Throws `GM_SYSTEM` with what git said for a status that was not allowed,
   * and the reason of `signal`.
   */
  run(args: readonly string[], options?: GitRunOptions): Promise<GitOutcome>;
  /** As {@link run}; standard output alone, without its last line end. */
  text(args: readonly string[], options?: GitRunOptions): Promise<string>;
  /** Runs it with this process's own standard streams, so that it can ask its user; resolves to the exit status. */
  inherit(args: readonly string[], stdio?: StdioOptions): Promise<number>;
}

const maxOutputBytes = 256 * 1024 * 1024;

/** Git with `env`, run in `cwd`, which wants of each server its own answer. Nothing is run yet. */
export function openGitProgram(env: NodeJS.ProcessEnv, cwd: string): GitProgram {
  return programOf(directEnvironment(env), cwd);
}

function programOf(env: NodeJS.ProcessEnv, cwd: string): GitProgram {
  const program: GitProgram = {
    env,
    cwd,
    with: (changes, folder = cwd) => programOf(applyChanges(env, changes), folder),
    run: (args, options = {}) => runGit(env, cwd, args, options),
    text: async (args, options) => (await program.run(args, options)).stdout.replace(/\r?\n$/, ''),
    inherit: (args, stdio = 'inherit') =>
      new Promise((resolve, reject) => {
        const child = spawn('git', args, { env, cwd, stdio });
        child.on('error', (error) => {
          reject(startFailure(error));
        });
        child.on('exit', (status, signal) => {
          resolve(status ?? 128 + (signal === 'SIGINT' ? 2 : signal === 'SIGTERM' ? 15 : 1));
        });
      }),
  };
  return program;
}

function applyChanges(
  env: NodeJS.ProcessEnv,
  changes: Readonly<Record<string, string | undefined>>,
): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries({ ...env, ...changes }).filter(([, value]) => value !== undefined));
}

function runGit(
  env: NodeJS.ProcessEnv,
  cwd: string,
  args: readonly string[],
  { signal, input, env: changes = {}, allowStatus = [] }: GitRunOptions,
): Promise<GitOutcome> {
  signal?.throwIfAborted();
  return new Promise((resolve, reject) => {
    const child = spawn('git', args, {
      env: applyChanges(env, changes),
      cwd,
      stdio: ['pipe', 'pipe', 'pipe'],
      ...(signal === undefined ? {} : { signal }),
    });
    const output: [Buffer[], Buffer[]] = [[], []];
    let bytes = 0;
    for (const [index, stream] of [child.stdout, child.stderr].entries()) {
      stream.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
        if (bytes > maxOutputBytes) child.kill();
        else output[index]?.push(chunk);
      });
    }
    child.on('error', (error) => {
      reject(signal?.aborted === true ? (signal.reason as Error) : startFailure(error));
    });
    child.on('close', (code) => {
      const [stdout, stderr] = output.map((chunks) => Buffer.concat(chunks).toString('utf8'));
      const outcome = { status: code ?? 128, stdout: stdout ?? '', stderr: stderr ?? '' };
      if (signal?.aborted === true) reject(signal.reason as Error);
      else if (bytes > maxOutputBytes) reject(new GitMirrorError('GM_LIMIT', `git ${nameOf(args)} says too much`));
      else if (outcome.status === 0 || allowStatus.includes(outcome.status)) resolve(outcome);
      else reject(failure(args, outcome));
    });
    // Whoever does not read to the end has said why in its status.
    child.stdin.on('error', () => undefined);
    child.stdin.end(input);
  });
}

function failure(args: readonly string[], { status, stderr }: GitOutcome): GitMirrorError {
  const said = presentRemoteText(stderr);
  const what = said === '' ? `it ended with status ${String(status)}` : said;
  return new GitMirrorError('GM_SYSTEM', `git ${nameOf(args)} failed: ${what}`, { details: { status } });
}

function startFailure(error: Error): GitMirrorError {
  return new GitMirrorError('GM_SYSTEM', `git cannot be run: ${error.message}. Install git, or put it into PATH.`, {
    cause: error,
  });
}

function nameOf(args: readonly string[]): string {
  return args.find((arg, index) => !arg.startsWith('-') && !/^-[cC]$|^--git-dir$/.test(args[index - 1] ?? '')) ?? '';
}
