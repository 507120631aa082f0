import { spawn } from 'node:child_process';
import { asError, GitMirrorError } from '../../core/error.ts';
import { endProcessTree } from './end-process-tree.ts';
import { NoticeFilter } from './notice-filter.ts';

/** How one git under ours is run. */
export interface ChildOptions {
  readonly input?: string | undefined;
  /** On top of this process's own environment; undefined removes. */
  readonly env?: Readonly<Record<string, string | undefined>> | undefined;
  /** Lines of its standard error that are not shown; by default all are. */
  readonly hide?: ((line: string) => boolean) | undefined;
}

/** What it left. Texts hold one character a byte. */
export interface ChildOutcome {
  readonly status: number;
  readonly stdout: string;
  /** The last of what it said, at most some KiB. */
  readonly said: string;
}

const saidLength = 8192;

/**
 * Runs git in the repository that git has started us in, with its user before it: prompts and messages are git's own.
 */
export class ChildGit {
  readonly #env: NodeJS.ProcessEnv;
  readonly #stderr: NodeJS.WritableStream;
  readonly #signal: AbortSignal;

  /** @param signal - ends what runs, by SIGTERM */
  constructor(env: NodeJS.ProcessEnv, stderr: NodeJS.WritableStream, signal: AbortSignal) {
    this.#env = env;
    this.#stderr = stderr;
    this.#signal = signal;
  }

  /**
   * Runs git to its end, whatever its status. Throws `GM_SYSTEM` when it cannot be started, and the reason of the signal once
   * git has ended.
   */
  run(args: readonly string[], { input, env = {}, hide = () => false }: ChildOptions = {}): Promise<ChildOutcome> {
    const signal = this.#signal;
    signal.throwIfAborted();
    return new Promise((resolve, reject) => {
      const merged = Object.entries({ ...this.#env, ...env }).filter(([, value]) => value !== undefined);
      const child = spawn('git', args, { env: Object.fromEntries(merged), stdio: ['pipe', 'pipe', 'pipe'] });
      const end = (): void => {
        endProcessTree(child);
      };
      signal.addEventListener('abort', end, { once: true });
      const output: string[] = [];
      let said = '';
      const filter = new NoticeFilter(hide, (text) => this.#stderr.write(Buffer.from(text, 'latin1')));
      child.stdout.setEncoding('latin1').on('data', (text: string) => {
        output.push(text);
      });
      child.stderr.setEncoding('latin1').on('data', (text: string) => {
        said = (said + text).slice(-saidLength);
        filter.add(text);
      });
      child.on('error', (error) => {
        reject(new GitMirrorError('GM_SYSTEM', `git cannot be run: ${error.message}`, { cause: error }));
      });
      child.on('close', (code) => {
        signal.removeEventListener('abort', end);
        filter.close();
        if (signal.aborted) reject(asError(signal.reason));
        else resolve({ status: code ?? 128, stdout: output.join(''), said });
      });
      // Whoever does not read to the end has said why in its status.
      child.stdin.on('error', () => undefined);
      child.stdin.end(input === undefined ? undefined : Buffer.from(input, 'latin1'));
    });
  }
}
