import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { ObjectId } from '../../../src/core/object-id.ts';
import type { OriginRef } from '../../../src/mirror/bulk-fetch.ts';
import { openGitProgram } from '../../../src/mirror/git-program.ts';
import { mirrorLimits, type MirrorCandidate } from '../../../src/mirror/mirror-candidate.ts';
import { cloneInParts, type PartsRequest, type PartsResult } from '../../../src/mirror/parts/clone-in-parts.ts';
import type { Repository } from '../../repositories/repository.ts';

/** How a run over `staging` differs from the usual one. */
export interface PartsRunOptions extends Partial<PartsRequest> {
  readonly notes?: string[] | undefined;
}

/** A mirror that some server named. */
export function mirrorAt(url: string, space = 'mirror'): MirrorCandidate {
  return { url, scheme: url.slice(0, url.indexOf(':')), space, isUsers: false };
}

/** The refs of a repository as its origin would list them. */
export async function originRefsOf(origin: Repository): Promise<readonly OriginRef[]> {
  return [...(await origin.refs())].map(([name, oid]) => ({ name, oid: oid as ObjectId }));
}

/** Clones `origin` in parts from the mirrors at `urls` into `staging`. */
export async function runParts(
  staging: Repository,
  origin: Repository,
  urls: readonly string[],
  { notes = [], ...more }: PartsRunOptions = {},
): Promise<PartsResult> {
  return cloneInParts({
    staging: openGitProgram(process.env, staging.path),
    originUrl: 'https://origin.example/project.git',
    mirrors: urls.map((url, index) => mirrorAt(url, `mirror-${String(index)}`)),
    originRefs: await originRefsOf(origin),
    limits: mirrorLimits,
    reporter: { note: (line) => notes.push(line), detail: () => undefined },
    signal: new AbortController().signal,
    ...more,
  });
}

/** Names of everything that the repository's refs reach. */
export async function reachableObjects(repository: Repository): Promise<readonly string[]> {
  const text = await repository.git('rev-list', '--objects', '--all', '--no-object-names');
  return [...new Set(text.split('\n').filter((line) => line !== ''))].sort();
}

/** What a run that was ended might have left among the objects of a repository. */
export async function leftovers(repository: Repository): Promise<readonly string[]> {
  const names = await readdir(join(repository.path, 'objects'), { recursive: true });
  return names.filter((name) => name.includes('tmp_'));
}

/** Commits in each pack of the repository. */
export async function commitsByPack(repository: Repository): Promise<ReadonlyMap<string, readonly string[]>> {
  const packs = join(repository.path, 'objects', 'pack');
  const found = new Map<string, readonly string[]>();
  for (const name of await readdir(packs)) {
    if (!name.endsWith('.idx')) continue;
    const lines = (await repository.git('verify-pack', '-v', join(packs, name))).split('\n');
    found.set(
      name,
      lines.flatMap((line) => /^([0-9a-f]{40,64}) commit /.exec(line)?.[1] ?? []),
    );
  }
  return found;
}
