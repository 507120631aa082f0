import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { OriginRef } from '../bulk-fetch.ts';
import { fetchFromMirrors } from '../fetch/fetch-from-mirrors.ts';
import { moveObjects } from '../fetch/move-objects.ts';
import type { GitProgram } from '../git-program.ts';
import type { MirrorReporter } from '../mirror-candidate.ts';
import { cutsAtDepth } from './cuts-at-depth.ts';
import type { KnownMirrors } from './known-mirrors.ts';

/** What mirrors are asked for. */
export interface MirrorTaking extends KnownMirrors {
  readonly git: GitProgram;
  readonly wanted: readonly OriginRef[];
  readonly reporter: MirrorReporter;
  readonly signal: AbortSignal;
}

/** Takes what there is, whole history. Refs below `refs/mirror/` hold it, and shorten git's own check of what arrived. */
export async function takeHistory(taking: MirrorTaking): Promise<void> {
  await fetchFromMirrors({ ...taking, scope: [], skip: neverSkipped });
}

/**
 * Takes a part of history, for a new clone. In a repository of its own first: where history ends, and which objects may be
 * missing, is a matter of trust, so that the parts that count are looked at before they become the clone's.
 *
 * @param depth - commits from each tip on; undefined for all of them
 * @param filter - which objects are left out, as `git fetch --filter` takes it
 * @returns what of `wanted` is there now
 */
export async function takePart(
  taking: MirrorTaking,
  depth: number | undefined,
  filter: string | undefined,
): Promise<readonly OriginRef[]> {
  const { git, wanted, reporter, signal } = taking;
  const [gitDir = '', objects = '', format = ''] = (
    await git.text(['rev-parse', '--absolute-git-dir', '--git-path', 'objects', '--show-object-format'])
  ).split('\n');
  const path = await mkdtemp(join(gitDir, 'mirror-part-'));
  try {
    const apart = git.with({ GIT_DIR: path, GIT_WORK_TREE: undefined, GIT_INDEX_FILE: undefined });
    await apart.run(['init', '-q', '--bare', '--template=', `--object-format=${format}`, path]);
    const scope = [
      ...(depth === undefined ? [] : [`--depth=${String(depth)}`]),
      ...(filter === undefined ? [] : [`--filter=${filter}`]),
    ];
    await fetchFromMirrors({ ...taking, git: apart, scope, skip: neverSkipped });
    // Only what was asked for by name was looked at as a whole: more objects may lie in a pack.
    const held = new Set((await apart.text(['for-each-ref', '--format=%(objectname)'])).split('\n'));
    const arrived = wanted.filter(({ oid }) => held.has(oid));
    if (arrived.length === 0) return [];
    const shallowFile = await readFile(join(path, 'shallow'), 'latin1').catch(() => '');
    const cuts = shallowFile.split('\n').filter((line) => line !== '');
    const tips = arrived.map(({ oid }) => oid);
    if (!(await cutsAtDepth(apart, tips, cuts, depth, signal))) {
      reporter.note('what mirrors sent is cut short: the origin is asked instead');
      return [];
    }
    // The clone has no commit yet, so that it has no cuts of its own either.
    if (shallowFile !== '') await writeFile(join(gitDir, 'shallow'), shallowFile);
    await moveObjects(join(path, 'objects'), resolve(git.cwd, objects));
    return arrived;
  } finally {
    await rm(path, { recursive: true, force: true });
  }
}

/** Ctrl-C ends the git above us, and us with it. */
function neverSkipped(): AbortSignal {
  return new AbortController().signal;
}
