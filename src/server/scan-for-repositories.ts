import { readdir } from 'node:fs/promises';
import { join } from 'node:path';

const maxDepth = 4;
/** Folders that are looked into, and repositories that are found, at most. */
const maxFolders = 5000;
const maxRepositories = 1000;

/**
 * Names of the repositories near the top of `root`, sorted: folders that are one, or whose `.git` is. Symbolic links and
 * hidden folders are passed over. The empty name is `root` itself.
 */
export async function scanForRepositories(root: string): Promise<readonly string[]> {
  const found: string[] = [];
  let folders = [''];
  let seen = 0;
  for (let depth = 0; depth <= maxDepth && folders.length > 0; depth += 1) {
    const next: string[] = [];
    for (const folder of folders) {
      seen += 1;
      if (seen > maxFolders || found.length >= maxRepositories) return found.sort();
      const entries = await readdir(join(root, folder), { withFileTypes: true }).catch(() => []);
      const names = new Set(entries.map(({ name }) => name));
      if (names.has('.git') || (names.has('HEAD') && names.has('objects') && names.has('refs'))) {
        found.push(folder);
        continue;
      }
      for (const entry of entries) {
        if (!entry.isDirectory() || entry.name.startsWith('.')) continue;
        next.push(folder === '' ? entry.name : `${folder}/${entry.name}`);
      }
    }
    folders = next;
  }
  return found.sort();
}
