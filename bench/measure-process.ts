import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { gitEnvironment } from './git.ts';

const sampleIntervalMs = 15;
const clockTicksPerSecond = 100;
const longestRunMs = 3_600_000;

/** What a program took. */
export interface ProcessCost {
  readonly wallMs: number;
  /**
   * The most memory that any one of its processes ever had resident. NaN where there is no `/proc`.
   *
   * It is read from `VmHWM`, and not from what `wait4` reports: that begins with the size of whoever started the program.
   */
  readonly peakRssBytes: number;
  /** Processor time of the program and of those it waited for. NaN where there is no `/proc`. */
  readonly cpuMs: number;
}

/** Runs a program to its end. Its output is thrown away; when it fails, the end of it is in the error. */
export async function measureProcess(
  command: string,
  words: readonly string[],
  env: NodeJS.ProcessEnv = gitEnvironment,
): Promise<ProcessCost> {
  const startedAt = performance.now();
  const child = spawn(command, words, { env, stdio: ['ignore', 'pipe', 'pipe'] });
  let tail = '';
  child.stdout.resume();
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    tail = (tail + text).slice(-4096);
  });
  const { pid } = child;
  const peaks = new ProcessPeaks();
  const sampler = setInterval(() => {
    if (pid !== undefined) peaks.sample(pid);
  }, sampleIntervalMs);
  const deadline = setTimeout(() => child.kill('SIGKILL'), longestRunMs);
  try {
    const status = await new Promise<number | string | null>((resolve, reject) => {
      child.on('error', reject);
      child.on('close', (code, signal) => {
        resolve(code ?? signal);
      });
    });
    const wallMs = performance.now() - startedAt;
    if (status === 0) return { wallMs, peakRssBytes: peaks.peakRssBytes, cpuMs: peaks.cpuMs };
    throw new Error(`${command} ${words.join(' ')} ended with ${String(status)}: ${tail.trim()}`);
  } finally {
    clearInterval(sampler);
    clearTimeout(deadline);
  }
}

/** The costs of programs that were run one after the other, as those of one. */
export function inSequence(costs: readonly ProcessCost[]): ProcessCost {
  const sum = (pick: (cost: ProcessCost) => number): number => costs.reduce((total, cost) => total + pick(cost), 0);
  return {
    wallMs: sum(({ wallMs }) => wallMs),
    peakRssBytes: Math.max(...costs.map(({ peakRssBytes }) => peakRssBytes)),
    cpuMs: sum(({ cpuMs }) => cpuMs),
  };
}

/** Looks at a process and those below it while they run. */
class ProcessPeaks {
  peakRssBytes = Number.NaN;
  cpuMs = Number.NaN;

  sample(pid: number): void {
    this.#cpu(pid);
    this.#rss(pid);
  }

  #rss(pid: number): void {
    const kibibytes = /^VmHWM:\s*(\d+) kB$/m.exec(read(`/proc/${pid}/status`))?.[1];
    if (kibibytes !== undefined) {
      const bytes = Number(kibibytes) * 1024;
      this.peakRssBytes = Number.isNaN(this.peakRssBytes) ? bytes : Math.max(this.peakRssBytes, bytes);
    }
    const children = read(`/proc/${pid}/task/${pid}/children`).trim();
    if (children !== '') for (const child of children.split(' ')) this.#rss(Number(child));
  }

  #cpu(pid: number): void {
    const stat = read(`/proc/${pid}/stat`);
    // The name, in parentheses, may hold spaces; utime, stime, cutime and cstime are the 12th to 15th field after it.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    if (fields.length < 15) return;
    const ticks = fields.slice(11, 15).reduce((total, field) => total + Number(field), 0);
    this.cpuMs = (ticks * 1000) / clockTicksPerSecond;
  }
}

/** Empty when the process has ended, or there is no such file here at all. */
function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
