import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { GitMirrorError, messageOf } from '../core/error.ts';
import { writerOf } from '../transport/byte-channel.ts';
import { RemoteTextTail } from '../transport/remote-text.ts';
import { findGitExecPath, servingEnvironment } from './git-programs.ts';
import type { BackendWarning } from './git-http-backend.ts';
import type { UploadRun, UploadService } from './upload-service.ts';

/** Options of {@link createGitUploadService}. */
export interface GitUploadOptions {
  /** Environment of the programs. Default `process.env`. */
  readonly env?: NodeJS.ProcessEnv | undefined;
  readonly onWarning?: ((warning: BackendWarning) => void) | undefined;
}

const killGraceMs = 2000;

/**
 * git-upload-pack(1) itself, a program for each exchange: for connections that `git http-backend` knows nothing of. Throws
 * `GM_SYSTEM` when git is missing.
 */
export async function createGitUploadService(options: GitUploadOptions = {}): Promise<UploadService> {
  const env = servingEnvironment(options.env ?? process.env);
  const program = join(await findGitExecPath(env), 'git-upload-pack');
  const onWarning = options.onWarning ?? (() => undefined);
  return {
    run: (run) => runGit(program, env, run, onWarning),
    close: async () => undefined,
  };
}

const modeArguments: Readonly<Record<UploadRun['mode'], readonly string[]>> = {
  advertise: ['--http-backend-info-refs'],
  answer: ['--stateless-rpc'],
  converse: [],
};

async function* runGit(
  program: string,
  baseEnv: NodeJS.ProcessEnv,
  run: UploadRun,
  onWarning: (warning: BackendWarning) => void,
): AsyncGenerator<Uint8Array, void, void> {
  run.signal.throwIfAborted();
  run.observer.servedBy('git');
  const env = { ...baseEnv, GIT_PROTOCOL: run.gitProtocol, GIT_NAMESPACE: run.namespace };
  const child = spawn(program, ['--strict', ...modeArguments[run.mode], '.'], {
    cwd: run.directory,
    env,
    stdio: ['pipe', 'pipe', 'pipe'],
    // A process group of its own: pack-objects ends together with the program that started it.
    detached: process.platform !== 'win32',
    windowsHide: true,
  });
  const stderr = new RemoteTextTail();
  child.stderr
    .on('error', () => undefined)
    .on('data', (chunk: Uint8Array) => {
      stderr.add(chunk);
    });
  const ended = new AbortController();
  const closed = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  closed.catch(() => undefined);
  const end = (): void => {
    if (ended.signal.aborted || child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
    ended.abort();
    killGroup(child.pid, 'SIGTERM');
    const timer = setTimeout(killGroup, killGraceMs, child.pid, 'SIGKILL');
    void closed.finally(() => {
      clearTimeout(timer);
    });
    child.stdin.destroy();
    child.stdout.destroy();
  };
  run.signal.addEventListener('abort', end, { once: true });
  const pump = async (): Promise<void> => {
    const write = writerOf(child.stdin);
    try {
      for await (const chunk of run.input) if (!(await write(chunk))) return;
      child.stdin.end();
    } catch {
      // Its input must not look complete.
      end();
    }
  };
  void pump();
  try {
    for await (const chunk of child.stdout.iterator() as AsyncIterable<unknown>) {
      if (chunk instanceof Uint8Array) yield chunk;
    }
    const status = await closed;
    const text = stderr.toString();
    if (text !== '' && !ended.signal.aborted) onWarning({ directory: run.directory, path: 'git-upload-pack', text });
    if (status !== 0 && !ended.signal.aborted)
      throw new GitMirrorError('GM_REMOTE', `git upload-pack ended with ${String(status)}`);
  } catch (error) {
    run.signal.throwIfAborted();
    if (error instanceof GitMirrorError) throw error;
    throw new GitMirrorError('GM_SYSTEM', `git upload-pack: ${messageOf(error)}`, { cause: error });
  } finally {
    run.signal.removeEventListener('abort', end);
    end();
  }
}

function killGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(process.platform === 'win32' ? pid : -pid, signal);
  } catch {
    // It has just ended by itself.
  }
}
