import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { GitMirrorError, messageOf } from '../../core/error.ts';

const prefix = 'git-mirror-packs-';

/** A folder for the packs that one process keeps. */
export interface PackFolder {
  readonly dir: string;
  /** Removes it and all that is in it. */
  remove(): void;
}

/**
 * Makes an empty folder below `parent`, named after this process; it vanishes when the process exits, and what processes
 * that are no more have left is removed now.
 *
 * @throws GitMirrorError `GM_SYSTEM` when it cannot be made.
 */
export function makePackFolder(parent: string): PackFolder {
  let dir: string;
  try {
    mkdirSync(parent, { recursive: true });
    removeLeftovers(parent);
    dir = mkdtempSync(join(parent, `${prefix}${String(process.pid)}-`));
  } catch (cause) {
    throw new GitMirrorError(
      'GM_SYSTEM',
      `No folder for packs can be made in ${parent}: ${messageOf(cause)}. Name another one, or switch the cache off.`,
      { cause },
    );
  }
  const remove = (): void => {
    process.off('exit', remove);
    rmSync(dir, { recursive: true, force: true });
  };
  process.on('exit', remove);
  return { dir, remove };
}

function removeLeftovers(parent: string): void {
  for (const name of readdirSync(parent)) {
    const pid = Number(/^git-mirror-packs-(\d+)-/.exec(name)?.[1]);
    if (Number.isSafeInteger(pid) && !isAlive(pid)) rmSync(join(parent, name), { recursive: true, force: true });
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // A process of somebody else is alive too.
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}
