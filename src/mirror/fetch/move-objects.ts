import { constants } from 'node:fs';
import { copyFile, mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, extname, join } from 'node:path';

/** Files of one pack in the order in which they are moved: the index last, since a pack counts once it has one. */
const moveOrder = ['.pack', '.rev', '.bitmap', '.mtimes', '.promisor', '.idx'];
const looseFolder = /^[0-9a-f]{2}$/;
const looseName = /^(?:[0-9a-f]{38}|[0-9a-f]{62})$/;
const packName = /^pack-(?:[0-9a-f]{40}|[0-9a-f]{64})\./;

/**
 * Moves all packs and loose objects of one `objects/` folder into another one, by renaming where both lie on one file
 * system. What is there already stays as it is. Temporary files and locks (`.keep`) are left behind.
 */
export async function moveObjects(from: string, to: string): Promise<void> {
  await mkdir(join(to, 'pack'), { recursive: true });
  const names = await readdir(join(from, 'pack')).catch(() => []);
  const packs = Map.groupBy(
    names.filter((name) => moveOrder.includes(extname(name)) && packName.test(name)),
    (name) => basename(name, extname(name)),
  );
  for (const [stem, files] of packs) {
    const isThere = await exists(join(to, 'pack', `${stem}.idx`));
    const inOrder = files.toSorted(
      (left, right) => moveOrder.indexOf(extname(left)) - moveOrder.indexOf(extname(right)),
    );
    for (const name of inOrder) {
      if (isThere) await rm(join(from, 'pack', name), { force: true });
      else await moveFile(join(from, 'pack', name), join(to, 'pack', name));
    }
  }
  for (const folder of await readdir(from)) {
    if (!looseFolder.test(folder)) continue;
    await mkdir(join(to, folder), { recursive: true });
    for (const name of await readdir(join(from, folder))) {
      if (looseName.test(name)) await moveFile(join(from, folder, name), join(to, folder, name));
    }
  }
}

async function exists(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined)) !== undefined;
}

async function moveFile(from: string, to: string): Promise<void> {
  try {
    await rename(from, to);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EXDEV') throw error;
    const partial = join(dirname(to), `tmp_mirror_${String(process.pid)}`);
    await copyFile(from, partial, constants.COPYFILE_FICLONE);
    await rename(partial, to);
    await rm(from, { force: true });
  }
}
