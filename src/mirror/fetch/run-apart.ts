import { spawn } from 'node:child_process';
import { GitMirrorError, asError } from '../../core/error.ts';
import { RemoteTextTail } from '../../transport/remote-text.ts';
import type { GitProgram } from '../git-program.ts';

/** Bytes of standard output that are kept: two million refs with names of 80 bytes. */
const maxOutputBytes = 256 * 1024 * 1024;
/** Until a group that was asked to end is ended. */
const graceMs = 1000;

/** How git is run apart. */
export interface ApartOptions {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Lines for its standard input. */
  readonly input?: string | undefined;
  /** Ends it, and all that it started. */
  readonly signal: AbortSignal;
  /** Told of each piece of standard error. */
  readonly onStderr?: ((text: string) => void) | undefined;
}

/** How it ended. */
export interface ApartOutcome {
  readonly status: number;
  readonly stdout: string;
  /** The end of what it said, fit to be shown. */
  readonly complaint: string;
}

/**
 * Runs git in a process group (and a session) of its own: Ctrl-C in the terminal does not reach it, it cannot ask there
 * either, and all of it can be ended at once. Resolves when everything it started has let go of its streams. Throws the
 * reason of `signal`, after the group has ended; `GM_LIMIT` when it prints too much.
 */
export async function runApart(
  git: GitProgram,
  args: readonly string[],
  { env, input = '', signal, onStderr }: ApartOptions,
): Promise<ApartOutcome> {
  signal.throwIfAborted();
  const merged = Object.entries({ ...git.env, ...env }).filter(([, value]) => value !== undefined);
  const child = spawn('git', args, {
    cwd: git.cwd,
    env: Object.fromEntries(merged),
    stdio: ['pipe', 'pipe', 'pipe'],
    detached: true,
  });
  const output: Buffer[] = [];
  let outputBytes = 0;
  const complaint = new RemoteTextTail();
  let killTimer: NodeJS.Timeout | undefined;
  const end = (): void => {
    endGroup(child.pid, 'SIGTERM');
    killTimer ??= setTimeout(() => {
      endGroup(child.pid, 'SIGKILL');
    }, graceMs);
  };
  signal.addEventListener('abort', end, { once: true });
  child.stdout.on('data', (chunk: Buffer) => {
    outputBytes += chunk.length;
    if (outputBytes > maxOutputBytes) end();
    else output.push(chunk);
  });
  child.stderr.on('data', (chunk: Buffer) => {
    complaint.add(chunk);
    onStderr?.(chunk.toString('latin1'));
  });
  // Whoever does not read to the end has said why in its status.
  child.stdin.on('error', () => undefined);
  child.stdin.end(input);
  try {
    const status = await new Promise<number>((resolve, reject) => {
      child.on('error', (error) => {
        reject(new GitMirrorError('GM_SYSTEM', `git cannot be run: ${error.message}.`, { cause: error }));
      });
      child.on('close', (code) => {
        resolve(code ?? 128);
      });
    });
    if (signal.aborted) throw asError(signal.reason);
    if (outputBytes > maxOutputBytes) throw new GitMirrorError('GM_LIMIT', 'it lists more refs than are read');
    return { status, stdout: Buffer.concat(output).toString('utf8'), complaint: complaint.toString() };
  } finally {
    signal.removeEventListener('abort', end);
    clearTimeout(killTimer);
  }
}

function endGroup(pid: number | undefined, name: NodeJS.Signals): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, name);
  } catch {
    // It has ended by itself.
  }
}
