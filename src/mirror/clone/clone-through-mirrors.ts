import { readdir, stat } from 'node:fs/promises';
import { delimiter, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isGitMirrorError, messageOf } from '../../core/error.ts';
import { formatOf } from '../../core/object-id.ts';
import type { OriginRef } from '../bulk-fetch.ts';
import { chooseMirrors, type MirrorFlags } from '../choose/choose-mirrors.ts';
import { fetchFromMirrors } from '../fetch/fetch-from-mirrors.ts';
import type { MirrorInterrupts } from '../fetch/mirror-interrupts.ts';
import { runForeground } from '../fetch/run-foreground.ts';
import type { GitProgram } from '../git-program.ts';
import { learnMirrors } from '../learn/learn-mirrors.ts';
import { listRemote, type RemoteListing } from '../list-remote.ts';
import type { MirrorCandidate, MirrorReporter } from '../mirror-candidate.ts';
import { readRemoteMirrors, type RemoteMirrors } from '../settings/remote-mirrors.ts';
import { storeLearned } from '../settings/store-learned.ts';
import { adoptStaging } from './adopt-staging.ts';
import { readCloneCommand, type CloneCommand } from './clone-options.ts';
import { guessDirectory } from './guess-directory.ts';
import { openStaging, type Staging } from './staging.ts';

/** Where `git-remote-mirror` is: as far from the sources as from what is built of them. */
const programFolder = fileURLToPath(new URL('../../../bin', import.meta.url));

/** A `git mirror clone`. */
export interface MirrorClone {
  /** Git where the clone is started. */
  readonly git: GitProgram;
  /** The words that `git clone` would get. */
  readonly words: readonly string[];
  readonly flags: MirrorFlags;
  /** Shows a line to whoever waits. */
  readonly say: (line: string) => void;
  readonly interrupts: MirrorInterrupts;
}

/** What is cloned, where to, and what is known of its mirrors. */
interface Plan {
  readonly command: CloneCommand;
  readonly repository: string;
  readonly target: string;
  readonly remote: string;
  readonly known: RemoteMirrors;
  readonly mirrors: readonly MirrorCandidate[];
  readonly reporter: MirrorReporter;
}

/**
 * Clones as `git clone` does, with the objects from mirrors first. Resolves to git's exit status.
 *
 * Mirrors fill a bare repository beside the target. `git clone` itself then makes the clone from the origin, borrowing what is
 * there; at last it becomes the clone's own. Interrupted, or without an origin, the bare repository stays, and the next run
 * of the same clone takes it up.
 *
 * Throws `GM_USAGE` for settings and flags of ours that make no sense, and for a bare repository of another clone in the
 * way; and the reason of the interrupts' signal.
 */
export async function cloneThroughMirrors(clone: MirrorClone): Promise<number> {
  const { git, words, interrupts } = clone;
  const plan = await planClone(clone);
  if (plan === undefined) return runForeground(git, ['clone', ...words], interrupts);
  const staging = plan.mirrors.length === 0 || plan.command.isScoped ? undefined : await fillStaging(clone, plan);
  interrupts.leaveMirrors();
  if (staging === undefined) {
    const isHelped = plan.mirrors.length > 0 && plan.command.isScoped;
    const { git, flags } = isHelped ? withRemoteHelper(clone.git, plan) : { git: clone.git, flags: [] };
    const status = await runForeground(git, [...flags, 'clone', ...words], interrupts);
    if (status === 0) await remember(clone, plan);
    return status;
  }
  try {
    const borrowing = plan.command.recursesSubmodules
      ? // Submodules would look for mirrors of theirs in it.
        { git: git.with({ GIT_ALTERNATE_OBJECT_DIRECTORIES: join(staging.path, 'objects') }), flags: [] }
      : { git, flags: ['--reference', staging.path] };
    const status = await runForeground(borrowing.git, ['clone', ...borrowing.flags, ...words], interrupts);
    if (status !== 0) {
      plan.reporter.note(`what mirrors gave is kept in ${staging.path}: the same command takes it up`);
      return status;
    }
    await adoptStaging(openClone(clone, plan), staging);
    await remember(clone, plan);
    return status;
  } finally {
    await staging.release();
  }
}

/**
 * Git that clones by way of `git-remote-mirror`, which asks the mirrors for no more than a shallow or partial clone is to
 * have. None of these settings stays in the clone.
 */
function withRemoteHelper(
  git: GitProgram,
  { remote, mirrors }: Plan,
): { readonly git: GitProgram; readonly flags: readonly string[] } {
  const settings = [
    'vcs=mirror',
    `mirrorsLearned=${String(Math.floor(Date.now() / 1000))}`,
    ...mirrors.map(({ url, isUsers }) => `${isUsers ? 'mirrorUrl' : 'learnedMirrorUrl'}=${url}`),
  ];
  const path = [programFolder, git.env['PATH']].filter((folder) => folder !== undefined).join(delimiter);
  return { git: git.with({ PATH: path }), flags: settings.flatMap((setting) => ['-c', `remote.${remote}.${setting}`]) };
}

function openClone({ git }: MirrorClone, { target }: Plan): GitProgram {
  return git.with({ GIT_DIR: undefined, GIT_WORK_TREE: undefined }, target);
}

/** Undefined when mirrors are of no use: git alone clones, or says what is wrong. */
async function planClone({ git, words, flags, say, interrupts }: MirrorClone): Promise<Plan | undefined> {
  const command = readCloneCommand(words);
  const { repository, isForMirrors, isBare } = command;
  if (repository === undefined || !isForMirrors || flags.mirror === false) return undefined;
  const directory = command.directory ?? guessDirectory(repository, isBare);
  if (directory === undefined || (await isOnThisMachine(resolve(git.cwd, repository)))) return undefined;
  const target = resolve(git.cwd, directory);
  if (!(await isFree(target))) return undefined;
  const nothing = (): void => undefined;
  const reporter = { note: command.isQuiet ? nothing : say, detail: command.isVerbose ? say : nothing };
  const before = await readRemoteMirrors(git, repository);
  const known =
    flags.mirror === undefined
      ? await learnMirrors({ git, remoteMirrors: before, reporter, signal: interrupts.signal })
      : before;
  const remote = command.origin ?? (await defaultRemoteName(git));
  return { command, repository, target, remote, known, mirrors: chooseMirrors(known, flags), reporter };
}

/** Git clones what is a path here by itself, with links. */
async function isOnThisMachine(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined)) !== undefined;
}

/** Whether git would clone to it. */
async function isFree(target: string): Promise<boolean> {
  try {
    return (await readdir(target)).length === 0;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT';
  }
}

async function defaultRemoteName(git: GitProgram): Promise<string> {
  const { stdout } = await git.run(['config', '--get', 'clone.defaultRemoteName'], { allowStatus: [1] });
  return stdout.trimEnd() || 'origin';
}

/** Fills the staging repository; undefined when it holds nothing. */
async function fillStaging({ git, interrupts }: MirrorClone, plan: Plan): Promise<Staging | undefined> {
  const { command, repository, target, known, mirrors, reporter } = plan;
  const { signal } = interrupts;
  const listing = await askOrigin(git, plan, signal);
  const wanted = listing === undefined ? [] : wantedRefs(command, listing);
  const [first] = wanted;
  if (first === undefined) return undefined;
  const staging = await openStaging(git, { target, url: repository, format: formatOf(first.oid) });
  if (staging.isResumed) reporter.note(`taking up ${staging.path}`);
  try {
    const common = { mirrors, limits: known.limits, reporter, signal };
    const skip = (): AbortSignal => interrupts.skip();
    if (mirrors.length > 1) {
      // It brings the HTTP client along, which nothing else here needs.
      const { cloneInParts } = await import('../parts/clone-in-parts.ts');
      await cloneInParts({ ...common, staging: staging.git, originUrl: repository, originRefs: wanted, skip });
    } else await fetchFromMirrors({ ...common, git: staging.git, wanted, scope: [], skip });
    if ((await staging.git.text(['for-each-ref', '--count=1'])) !== '') return staging;
    await staging.remove();
    return undefined;
  } catch (error) {
    await staging.release();
    throw error;
  }
}

/** Undefined when it does not list its refs: `git clone` will say why. */
async function askOrigin(git: GitProgram, plan: Plan, signal: AbortSignal): Promise<RemoteListing | undefined> {
  try {
    const flags = plan.command.settings.flatMap((setting) => ['-c', setting]);
    return await listRemote(git, plan.repository, { flags, signal });
  } catch (error) {
    signal.throwIfAborted();
    if (isGitMirrorError(error)) return undefined;
    throw error;
  }
}

/** The refs that `git clone` takes, as far as is known beforehand. */
function wantedRefs(command: CloneCommand, { refs, headTarget }: RemoteListing): readonly OriginRef[] {
  const { isMirror, isSingleBranch, branch, hasTags } = command;
  const only = branch === undefined ? [headTarget] : [`refs/heads/${branch}`, `refs/tags/${branch}`];
  return refs.filter(({ name }) => {
    if (isMirror) return !name.startsWith('refs/mirror/');
    if (isSingleBranch) return only.includes(name);
    return name.startsWith('refs/heads/') || (hasTags && name.startsWith('refs/tags/'));
  });
}

/** Stores in the clone what is known of its mirrors. */
async function remember(clone: MirrorClone, plan: Plan): Promise<void> {
  const { remote, known, reporter } = plan;
  const git = openClone(clone, plan);
  try {
    for (const url of clone.flags.mirror === false ? [] : (clone.flags.mirror ?? [])) {
      await git.run(['config', '--add', `remote.${remote}.mirrorUrl`, url]);
    }
    if (known.learned.learnedAtMs !== undefined) await storeLearned(git, remote, known.learned);
  } catch (error) {
    reporter.note(`the clone does not know its mirrors: ${messageOf(error)}`);
  }
}
