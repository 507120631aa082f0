import { readFile, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { GitMirrorError } from '../../core/error.ts';
import { isObjectId } from '../../core/object-id.ts';
import { cleanMirrorRefs } from '../clean-refs.ts';
import { heldObjects } from '../fetch/held-objects.ts';
import { moveObjects } from '../fetch/move-objects.ts';
import type { GitProgram } from '../git-program.ts';
import type { Staging } from './staging.ts';

/** Refs of parts of history (`src/mirror/parts/`): what they hold, others hold, too. */
const partsPrefix = 'refs/mirror/parts/';

/**
 * Makes the objects of a staging repository those of the clone that borrows them, and removes it. What mirrors had beyond
 * the origin's refs is put below `refs/mirror/`, as after a fetch. The clone is whole at every moment.
 *
 * @throws GitMirrorError `GM_CORRUPT` when a ref of the clone would have no object; then the clone borrows on
 */
export async function adoptStaging(clone: GitProgram, staging: Staging): Promise<void> {
  const objects = resolve(clone.cwd, await clone.text(['rev-parse', '--git-path', 'objects']));
  const borrowed = join(staging.path, 'objects');
  await moveObjects(borrowed, objects);
  await copyMirrorRefs(clone, staging.git);
  const alternates = join(objects, 'info', 'alternates');
  const lines = (await readFile(alternates, 'utf8').catch(() => '')).split('\n').filter((line) => line !== '');
  const others = lines.filter((line) => resolve(objects, line) !== borrowed);
  if (others.length > 0) await writeFile(alternates, others.map((line) => `${line}\n`).join(''));
  else await rm(alternates, { force: true });
  if (!(await hasAllTips(clone))) {
    await writeFile(alternates, [...others, borrowed].map((line) => `${line}\n`).join(''));
    throw new GitMirrorError(
      'GM_CORRUPT',
      `The clone needs objects that were not moved from ${staging.path}, and goes on borrowing them`,
    );
  }
  await staging.remove();
  await cleanMirrorRefs(clone);
}

async function copyMirrorRefs(clone: GitProgram, staging: GitProgram): Promise<void> {
  const listing = await staging.text(['for-each-ref', '--format=%(objectname) %(refname)', 'refs/mirror/']);
  const updates = listing
    .split('\n')
    .filter((line) => line !== '' && !line.includes(` ${partsPrefix}`))
    .map((line) => `update ${line.slice(line.indexOf(' ') + 1)} ${line.slice(0, line.indexOf(' '))}\n`);
  if (updates.length === 0) return;
  await clone.run(['-c', 'core.hooksPath=/dev/null', 'update-ref', '--stdin'], { input: updates.join('') });
}

async function hasAllTips(clone: GitProgram): Promise<boolean> {
  const oids = (await clone.text(['for-each-ref', '--format=%(objectname)']))
    .split('\n')
    .filter((oid) => isObjectId(oid));
  const held = await heldObjects(clone, oids);
  return oids.every((oid) => held.has(oid));
}
