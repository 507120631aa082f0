import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { delimiter, join, resolve } from 'node:path';
import type { GitProgram } from '../git-program.ts';
import { hasObjects } from './has-objects.ts';
import { moveObjects } from './move-objects.ts';

/**
 * A folder inside the repository's `objects/` that git writes into instead, as git-receive-pack(1) has one ("Quarantine
 * Environment"): what a mirror sends belongs to the repository only when it is whole, and can be measured and thrown away
 * until then.
 */
export interface Quarantine {
  readonly path: string;
  /** Changes to the environment of git. */
  readonly env: Readonly<Record<string, string>>;
  /** Bytes in it, and whether a whole pack is among them. */
  measure(): Promise<{ readonly bytes: number; readonly hasPack: boolean }>;
  /** Whether the repository has no object yet, nor borrows any. */
  isFirst(): Promise<boolean>;
  /** Makes what is in it part of the repository. */
  keep(): Promise<void>;
  /** Removes it. */
  drop(): Promise<void>;
}

/** Makes a quarantine for the repository that `git` runs in. */
export async function openQuarantine(git: GitProgram): Promise<Quarantine> {
  const objects = resolve(git.cwd, await git.text(['rev-parse', '--git-path', 'objects']));
  // git-prune(1) takes whatever begins like this for left over, once it is old.
  const path = await mkdtemp(join(objects, 'tmp_objdir-mirror-'));
  const packs = join(path, 'pack');
  const alternates = [quoted(objects), git.env['GIT_ALTERNATE_OBJECT_DIRECTORIES']].filter(
    (entry) => entry !== undefined,
  );
  return {
    path,
    env: { GIT_OBJECT_DIRECTORY: path, GIT_ALTERNATE_OBJECT_DIRECTORIES: alternates.join(delimiter) },
    measure: async () => {
      const names = await readdir(packs).catch(() => []);
      const sizes = await Promise.all(names.map((name) => sizeOf(join(packs, name))));
      return {
        bytes: sizes.reduce((sum, size) => sum + size, 0),
        hasPack: names.some((name) => name.startsWith('pack-') && name.endsWith('.pack')),
      };
    },
    isFirst: async () => git.env['GIT_ALTERNATE_OBJECT_DIRECTORIES'] === undefined && !(await hasObjects(objects)),
    keep: () => moveObjects(path, objects),
    drop: () => rm(path, { recursive: true, force: true, maxRetries: 3 }),
  };
}

/** A path as the list of alternates takes it (git(1), `GIT_ALTERNATE_OBJECT_DIRECTORIES`). */
function quoted(path: string): string {
  return /["\\:\n]/.test(path) ? `"${path.replace(/["\\]/g, '\\$&').replaceAll('\n', '\\n')}"` : path;
}

async function sizeOf(path: string): Promise<number> {
  // Temporary files come and go.
  const found = await stat(path).catch(() => undefined);
  return found?.size ?? 0;
}
