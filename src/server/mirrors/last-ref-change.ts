import { hash } from 'node:crypto';
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { isMissing, stampOfStat, systemError } from '../../repository/file-stamp.ts';

/** When something was last done to the refs of a repository. */
export interface LastRefChange {
  /** Never the same again after a change, also when it was taken back: unlike a digest of what the refs are. */
  readonly stamp: string;
  /** Milliseconds since 1970, by the clock of the file system. */
  readonly atMs: number;
}

/** Files and folders that are looked at: 15 ms. Of repositories with more, digests cost far more than that. */
const maxEntries = 2500;
/** Refs that state the refs: they follow each change, and are none. */
const statements = 'refs/pushes';

/**
 * Reads the times of all that holds refs: HEAD, packed-refs, the files and folders of loose refs, or the list of a
 * reftable. Undefined when there are too many loose ones.
 *
 * @throws GitMirrorError `GM_SYSTEM` when something cannot be read
 */
export function lastRefChange({
  gitDir,
  commonDir,
}: {
  readonly gitDir: string;
  readonly commonDir: string;
}): LastRefChange | undefined {
  const stamps: string[] = [];
  let atMs = 0;
  const look = (path: string): 'folder' | 'other' | undefined => {
    try {
      const stat = statSync(path, { bigint: true });
      stamps.push(`${path} ${stampOfStat(stat)}`);
      atMs = Math.max(atMs, Number(stat.ctimeNs / 1_000_000n));
      return stat.isDirectory() ? 'folder' : 'other';
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw systemError(path, error);
    }
  };
  const files = [join(gitDir, 'HEAD'), join(commonDir, 'packed-refs'), join(commonDir, 'reftable', 'tables.list')];
  for (const path of files) look(path);
  const waiting = ['refs'];
  for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
    if (stamps.length > maxEntries) return undefined;
    if (name !== statements && look(join(commonDir, name)) === 'folder') {
      for (const entry of namesIn(join(commonDir, name))) waiting.push(`${name}/${entry}`);
    }
  }
  return { stamp: hash('sha256', stamps.join('\n'), 'hex'), atMs };
}

function namesIn(path: string): readonly string[] {
  try {
    return readdirSync(path);
  } catch (error) {
    if (isMissing(error)) return [];
    throw systemError(path, error);
  }
}
