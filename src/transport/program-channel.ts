import { spawn, type ChildProcessByStdio } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import { GitMirrorError, messageOf } from '../core/error.ts';
import {
  cleanUpMs,
  discardRest,
  finishGraceMs,
  readerOf,
  settlesWithin,
  writerOf,
  type ByteChannel,
  type ChannelEnd,
} from './byte-channel.ts';
import type { GitService } from './service-connection.ts';
import { RemoteTextTail } from './remote-text.ts';

/** A program to talk to over its standard input and output. */
export interface Program {
  readonly command: string;
  readonly args: readonly string[];
  /** The whole environment of the program. */
  readonly env: NodeJS.ProcessEnv;
  /** What to say when there is no such program. */
  readonly missing: string;
  /** What it serves, which decides how it is ended; see {@link ByteChannel}. */
  readonly service: GitService;
  /** Makes an error of how the program ended; only asked when it failed or said nothing. */
  readonly explain: (ending: ProgramEnding) => GitMirrorError;
}

/** How a program ended. */
export interface ProgramEnding {
  /** Undefined when a signal ended it, or when it has closed its output and is still running. */
  readonly exitCode: number | undefined;
  readonly signal: NodeJS.Signals | undefined;
  /** The last of what it wrote to standard error, fit to be shown. */
  readonly text: string;
  /** Whether the remote has said anything. */
  readonly spoke: boolean;
}

/** How a program ended, as part of a sentence. */
export function describeEnd(name: string, { exitCode, signal, spoke }: ProgramEnding): string {
  if (signal !== undefined) return `${name} was ended by ${signal}`;
  const when = spoke ? '' : ' before the remote said anything';
  return exitCode === undefined ? `${name} closed its output${when}` : `${name} ended with status ${exitCode}${when}`;
}

/** The pipes of a program. */
export interface ProgramChannel extends ByteChannel {
  /** The last of what the program has written to standard error, fit to be shown. */
  readonly said: string;
}

/** After closing its output a program has this long to exit, and then this long once its input has ended. */
const promptExitMs = 250;
const exitGraceMs = 1000;
/** What a program wrote to standard error last may arrive after the news of its exit. */
const lastWordsMs = 250;
/** How long a program is given to end after SIGTERM. */
const killGraceMs = 2000;

type Child = ChildProcessByStdio<Writable, Readable, Readable>;

/**
 * Starts `program`. It runs in a process group of its own, so that all it started can be ended with it, and without a
 * terminal, so that it cannot ask anybody anything. Throws `GM_SYSTEM` when it cannot be started.
 */
export async function startProgram(program: Program): Promise<ProgramChannel> {
  const child = spawn(program.command, program.args, {
    env: program.env,
    stdio: ['pipe', 'pipe', 'pipe'],
    detached: process.platform !== 'win32',
    windowsHide: true,
  });
  try {
    await new Promise<void>((resolve, reject) => {
      child.once('spawn', resolve);
      child.once('error', reject);
    });
  } catch (error) {
    const isMissing = error instanceof Error && 'code' in error && error.code === 'ENOENT';
    throw new GitMirrorError(
      'GM_SYSTEM',
      isMissing ? program.missing : `Starting ${program.command} failed: ${messageOf(error)}`,
      { cause: error },
    );
  }
  return new ChildChannel(child, program);
}

class ChildChannel implements ProgramChannel {
  readonly read: () => Promise<Uint8Array | undefined>;
  readonly write: (chunk: Uint8Array) => Promise<boolean>;
  readonly #child: Child;
  readonly #program: Program;
  readonly #said = new RemoteTextTail();
  readonly #exited: Promise<void>;
  readonly #silent: Promise<void>;
  #abandoned = false;

  constructor(child: Child, program: Program) {
    this.#child = child;
    this.#program = program;
    this.read = readerOf(child.stdout);
    this.write = writerOf(child.stdin);
    // Not 'close': a connection that ssh keeps for others (ControlPersist) holds our pipes open.
    this.#exited = new Promise((resolve) =>
      child.once('exit', () => {
        resolve();
      }),
    );
    this.#silent = new Promise((resolve) =>
      child.stderr.once('close', () => {
        resolve();
      }),
    );
    child.on('error', () => undefined);
    child.stderr.on('data', (chunk: Uint8Array) => {
      this.#said.add(chunk);
    });
    child.stderr.on('error', () => undefined);
    child.stdout.on('error', () => undefined);
  }

  get said(): string {
    return this.#said.toString();
  }

  endWriting(): void {
    this.#child.stdin.end();
  }

  async explainEnd({ spoke }: ChannelEnd): Promise<GitMirrorError | undefined> {
    let hasExited = await settlesWithin(this.#exited, promptExitMs);
    if (!hasExited) {
      // It may be waiting for the end of its input, as git-remote-ext does.
      this.#child.stdin.end();
      hasExited = await settlesWithin(this.#exited, exitGraceMs);
    }
    await settlesWithin(this.#silent, lastWordsMs);
    const { exitCode, signalCode } = this.#child;
    if (spoke && (!hasExited || exitCode === 0)) return undefined;
    return this.#program.explain({
      exitCode: exitCode ?? undefined,
      signal: signalCode ?? undefined,
      text: this.said,
      spoke,
    });
  }

  abandon(): void {
    if (this.#abandoned) return;
    this.#abandoned = true;
    if (this.#program.service !== 'git-receive-pack') {
      this.#endByForce();
      return;
    }
    this.#child.stdin.destroy();
    void discardRest(this.read);
    this.#unlessExited(cleanUpMs, () => {
      this.#endByForce();
    });
  }

  async finish(): Promise<void> {
    if (!this.#abandoned) {
      this.#child.stdin.end();
      void discardRest(this.read).then((ended) => {
        if (!ended) this.abandon();
      });
      if (!(await settlesWithin(this.#exited, finishGraceMs(this.#program.service)))) this.abandon();
    }
    await settlesWithin(this.#exited, cleanUpMs + killGraceMs + lastWordsMs);
    this.#child.stdin.destroy();
    this.#child.stdout.destroy();
    this.#child.stderr.destroy();
  }

  /** The signal goes out before the input ends, so that the program never sees a clean end. */
  #endByForce(): void {
    this.#kill('SIGTERM');
    this.#child.stdin.destroy();
    this.#child.stdout.destroy();
    this.#unlessExited(killGraceMs, () => {
      this.#kill('SIGKILL');
    });
  }

  #unlessExited(ms: number, act: () => void): void {
    const timer = setTimeout(act, ms);
    void this.#exited.then(() => {
      clearTimeout(timer);
    });
  }

  #kill(signal: NodeJS.Signals): void {
    const { pid, exitCode, signalCode } = this.#child;
    if (pid === undefined || exitCode !== null || signalCode !== null) return;
    try {
      if (process.platform === 'win32') this.#child.kill(signal);
      else process.kill(-pid, signal);
    } catch {
      // It has just ended by itself.
    }
  }
}
