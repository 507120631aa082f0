import { spawn, type ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const main = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));

/** How a run of the command line ended. */
export interface Ended {
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
  /** Largest resident memory seen, in bytes; 0 where the system does not tell. */
  readonly peakRssBytes: number;
}

/** What {@link startCommand} may be told besides the words. */
export interface CommandOptions {
  readonly cwd?: string | undefined;
  readonly env?: Readonly<Record<string, string>> | undefined;
  /** A line of shell that is run first, in the same process: `ulimit -f 100`. */
  readonly first?: string | undefined;
}

/** Starts `git-mirror <words>` in a process of its own. */
export function startCommand(
  words: readonly string[],
  { cwd, env, first = ':' }: CommandOptions = {},
): { readonly child: ChildProcess; readonly ended: Promise<Ended> } {
  const child = spawn('sh', ['-c', `${first}; exec "$@"`, 'sh', process.execPath, main, ...words], {
    cwd,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  let peakRssBytes = 0;
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const timer = setInterval(() => {
    peakRssBytes = Math.max(peakRssBytes, residentPeakOf(child.pid));
  }, 20);
  const ended = new Promise<Ended>((resolve) => {
    child.on('close', (status, signal) => {
      clearInterval(timer);
      resolve({ status, signal, stdout, stderr, peakRssBytes });
    });
  });
  return { child, ended };
}

/** Runs `git-mirror <words>` to its end. */
export function runCommand(words: readonly string[], options?: CommandOptions): Promise<Ended> {
  return startCommand(words, options).ended;
}

function residentPeakOf(pid: number | undefined): number {
  try {
    const text = readFileSync(`/proc/${pid ?? 'self'}/status`, 'utf8');
    return Number(/^VmHWM:\s*(\d+) kB$/m.exec(text)?.[1] ?? 0) * 1024;
  } catch {
    return 0;
  }
}
