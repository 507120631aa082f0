import { readdir, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { ObjectFormat } from '../../core/object-id.ts';
import type { GitProgram } from '../git-program.ts';
import { planFileName } from './plan-file.ts';

/** Where things are in a staging repository. */
export interface StagingPlace {
  readonly planPath: string;
  readonly packsPath: string;
  readonly objectFormat: ObjectFormat;
}

/** Says where things are, and removes what a run left that was ended in the middle of something. */
export async function prepareStaging(staging: GitProgram): Promise<StagingPlace> {
  const [objects = '', folder = '', format = ''] = (
    await staging.text(['rev-parse', '--git-path', 'objects', '--absolute-git-dir', '--show-object-format'])
  ).split('\n');
  const objectsPath = resolve(staging.cwd, objects);
  const packsPath = join(objectsPath, 'pack');
  await dropLeftovers(objectsPath, 'tmp_objdir-');
  await dropLeftovers(packsPath, 'tmp_');
  await dropLeftovers(folder, `${planFileName}.`);
  return { planPath: join(folder, planFileName), packsPath, objectFormat: format === 'sha256' ? 'sha256' : 'sha1' };
}

async function dropLeftovers(folder: string, prefix: string): Promise<void> {
  for (const name of await readdir(folder).catch(() => [])) {
    if (name.startsWith(prefix)) await rm(join(folder, name), { recursive: true, force: true });
  }
}
