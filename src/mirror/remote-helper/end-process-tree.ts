import type { ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** Processes below one that are looked for, at most. */
const maxProcesses = 64;

/**
 * Asks a process to end, and all that it has started: git does not end its own transports, which may wait for a server that
 * says nothing. Those are found where the system shows them (proc(5)); elsewhere they end with their connection. A process
 * group would end as one, but could not ask its user for a password.
 */
export function endProcessTree(child: ChildProcess): void {
  const below = child.pid === undefined ? [] : processesBelow(child.pid);
  child.kill('SIGTERM');
  for (const pid of below) {
    try {
      process.kill(pid, 'SIGTERM');
    } catch {
      // It has ended by itself.
    }
  }
}

function processesBelow(root: number): readonly number[] {
  const found = [root];
  for (let index = 0; index < found.length && found.length < maxProcesses; index += 1) {
    found.push(...startedBy(found[index] ?? 0));
  }
  return found.slice(1);
}

function startedBy(pid: number): readonly number[] {
  try {
    const text = readFileSync(`/proc/${String(pid)}/task/${String(pid)}/children`, 'latin1');
    return text
      .split(' ')
      .filter((word) => word !== '')
      .map(Number);
  } catch {
    return [];
  }
}
