import { readdir, rm } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';

/** What programs that were killed leave in a repository, by path below it. */
const leftovers = [
  /^(?:HEAD|packed-refs|config|shallow)\.lock$/,
  /^refs\/.*\.lock$/,
  /^objects\/tmp_objdir-[^/]+$/,
  /^objects\/pack\/(?:tmp_|\.tmp-)[^/]+$/,
  /^objects\/[0-9a-f]{2}\/tmp_obj_[^/]+$/,
];

/**
 * Removes what a crash in the middle of a sync left in the bare repository at `directory`: locks that would block the
 * next sync, quarantine directories and unfinished packs. Only for a repository that no program writes to at the
 * moment. Returns how many entries were removed.
 */
export async function removeCrashLeftovers(directory: string): Promise<number> {
  let removed = 0;
  const visit = async (folder: string): Promise<void> => {
    for (const entry of await readdir(folder, { withFileTypes: true })) {
      const path = join(folder, entry.name);
      const name = relative(directory, path).split(sep).join('/');
      if (leftovers.some((pattern) => pattern.test(name))) {
        await rm(path, { recursive: true, force: true });
        removed += 1;
      } else if (entry.isDirectory() && /^(?:refs|objects)(?:\/|$)/.test(name)) await visit(path);
    }
  };
  await visit(directory);
  return removed;
}
