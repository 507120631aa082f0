import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';

/** Whether there are objects in the folder `objects/` of a repository, or alternates from which it borrows. */
export async function hasObjects(objects: string): Promise<boolean> {
  const alternates = await stat(join(objects, 'info', 'alternates')).catch(() => undefined);
  const folders = await readdir(objects);
  const packs = await readdir(join(objects, 'pack')).catch(() => []);
  return alternates !== undefined || packs.length > 0 || folders.some((name) => /^[0-9a-f]{2}$/.test(name));
}
