import { readFileSync, writeFileSync } from 'node:fs';

const clockTicksPerSecond = 100;
const sampleIntervalMs = 10;

/** Processor time in milliseconds of a process, of its threads and of the processes it has waited for. */
export function cpuMsOf(pid: number): number {
  const stat = read(`/proc/${pid}/stat`);
  // The name, in parentheses, may hold spaces; utime, stime, cutime and cstime are the 12th to 15th field after it.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const ticks = fields.slice(11, 15).reduce((total, field) => total + Number(field), 0);
  return (ticks * 1000) / clockTicksPerSecond;
}

/** Bytes that a process has in memory now, or had at most (`VmHWM`). */
export function rssOf(pid: number, which: 'VmRSS' | 'VmHWM'): number {
  const kibibytes = new RegExp(`^${which}:\\s*(\\d+) kB$`, 'm').exec(read(`/proc/${pid}/status`))?.[1];
  return kibibytes === undefined ? 0 : Number(kibibytes) * 1024;
}

/** Lets the peak of a process begin anew. */
export function resetPeak(pid: number): void {
  writeFileSync(`/proc/${pid}/clear_refs`, '5');
}

/**
 * Watches the processes that a server starts. For each moment the peaks of those alive are added up; the largest sum is
 * what they needed together. The server itself is left out: it is the same HTTP front for both backends.
 */
export class ChildWatch {
  readonly #pid: number;
  readonly #timer: NodeJS.Timeout;
  peakBytes = 0;

  constructor(pid: number) {
    this.#pid = pid;
    this.#timer = setInterval(() => {
      this.#sample();
    }, sampleIntervalMs);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #sample(): void {
    let sum = 0;
    const visit = (pid: number): void => {
      for (const child of childrenOf(pid)) {
        sum += rssOf(child, 'VmHWM');
        visit(child);
      }
    };
    visit(this.#pid);
    this.peakBytes = Math.max(this.peakBytes, sum);
  }
}

/** Children are listed by the thread that started them; Node starts them from its main thread. */
function childrenOf(pid: number): readonly number[] {
  const text = read(`/proc/${pid}/task/${pid}/children`).trim();
  return text === '' ? [] : text.split(' ').map(Number);
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
