import { type Dirent, readdirSync, realpathSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { GitMirrorError } from '../../core/error.ts';
import type { ObjectFormat } from '../../core/object-id.ts';
import { compareRawText, decodeRawText, startsWithRawText } from '../../core/raw-text.ts';
import { codeOf } from '../file-stamp.ts';
import type { GitDirectory } from '../layout/git-directory.ts';
import { repositoryLimits } from '../repository-limits.ts';
import { readLooseRef, readRegularRef, toFilePath } from './loose-ref.ts';
import type { RawRef } from './raw-ref.ts';
import { ownerOf, perWorktreeNamespaces } from './ref-format.ts';

/** A ref with a file of its own. */
export interface LooseRef {
  readonly name: string;
  readonly raw: RawRef;
}

/** The loose refs of one repository or worktree. Nothing is kept: every call reads what is there. */
export class LooseRefs {
  readonly #directory: GitDirectory;
  readonly #format: ObjectFormat;

  constructor(directory: GitDirectory, format: ObjectFormat) {
    this.#directory = directory;
    this.#format = format;
  }

  /** Reads one ref, by a name that is well-formed. */
  read(name: string): RawRef {
    return readLooseRef(this.#pathOf(name), this.#format);
  }

  /**
   * All refs under `refs/` whose names begin with `prefix`, sorted by the bytes of their names. Files whose names end in
   * `.lock` or begin with a dot are none.
   *
   * @throws GitMirrorError `GM_LIMIT` when there are more than {@link repositoryLimits.maxLooseRefs}
   */
  list(prefix: string): LooseRef[] {
    return this.#list(prefix, Infinity);
  }

  /** All refs under `refs/`, sorted; undefined, and not all of them read, when there are more than `limit`. */
  listUpTo(limit: number): LooseRef[] | undefined {
    const found = this.#list('', limit);
    return found.length > limit ? undefined : found;
  }

  #list(prefix: string, limit: number): LooseRef[] {
    const walk: Walk = { prefix, limit, found: [], entries: 0 };
    this.#walk('refs/', walk, [join(this.#directory.commonDir, 'refs')]);
    return walk.found.sort((left, right) => compareRawText(left.name, right.name));
  }

  #pathOf(name: string): string {
    const { gitDir, commonDir } = this.#directory;
    const { owner, name: own } = ownerOf(name);
    if (owner === 'current') return join(gitDir, own);
    return owner === 'shared' ? join(commonDir, own) : join(commonDir, 'worktrees', owner.worktree, own);
  }

  #walk(folder: string, walk: Walk, above: readonly string[]): void {
    const path = this.#pathOf(folder);
    const names = new Set<string>();
    for (const { name: last, kind } of readFolder(path)) {
      if (walk.found.length > walk.limit) return;
      walk.entries++;
      if (walk.entries > repositoryLimits.maxLooseRefs || above.length > repositoryLimits.maxRefFolderDepth) {
        throw new GitMirrorError('GM_LIMIT', `too many loose refs under '${folder}'`, { details: { path } });
      }
      if (last.startsWith('.') || last.endsWith('.lock')) continue;
      const name = folder + last;
      const real = kind === 'link' ? followLink(join(path, last)) : { kind, path: join(path, last) };
      if (real?.kind === 'folder') {
        names.add(`${name}/`);
        if (!leadsTo(`${name}/`, walk.prefix) || isLoop(real.path, kind, above)) continue;
        this.#walk(`${name}/`, walk, [...above, real.path]);
      } else if (real?.kind === 'file' && startsWithRawText(name, walk.prefix)) {
        // A namespace of the worktree's own may lie elsewhere than the folder that was listed.
        const isPlain = kind === 'file' && this.#pathOf(name) === join(path, last);
        const raw = isPlain ? readRegularRef(join(path, last), this.#format) : this.read(name);
        if (raw.kind !== 'missing') walk.found.push({ name, raw });
      }
    }
    if (folder !== 'refs/') return;
    for (const namespace of perWorktreeNamespaces) {
      if (!names.has(namespace) && leadsTo(namespace, walk.prefix)) this.#walk(namespace, walk, above);
    }
  }
}

interface Walk {
  readonly prefix: string;
  /** With more than this found the walk ends. */
  readonly limit: number;
  readonly found: LooseRef[];
  entries: number;
}

/** Whether names in `folder` can begin with `prefix`. */
function leadsTo(folder: string, prefix: string): boolean {
  return startsWithRawText(folder, prefix) || prefix.startsWith(folder);
}

/** Git goes round in circles until the system has enough of the links; every ref is found the first time. */
function isLoop(path: string, kind: EntryKind, above: readonly string[]): boolean {
  return kind === 'link' && above.some((folder) => folder === path || folder.startsWith(`${path}/`));
}

type EntryKind = 'file' | 'folder' | 'link' | 'other';

interface FolderEntry {
  readonly name: string;
  readonly kind: EntryKind;
}

function readFolder(path: string): FolderEntry[] {
  try {
    const entries = readdirSync(toFilePath(path), { withFileTypes: true });
    const isText = entries.every(({ name }) => !name.includes('\ufffd'));
    if (isText) return entries.map((entry) => ({ name: entry.name, kind: kindOf(entry) }));
    return readdirSync(toFilePath(path), { withFileTypes: true, encoding: 'buffer' }).map((entry) => ({
      name: decodeRawText(entry.name),
      kind: kindOf(entry),
    }));
  } catch (error) {
    if (codeOf(error) === undefined) throw error;
    // As git does: a folder that is not there, or cannot be read, holds no refs.
    return [];
  }
}

function kindOf(entry: Dirent | Dirent<Buffer>): EntryKind {
  if (entry.isFile()) return 'file';
  if (entry.isDirectory()) return 'folder';
  // Some file systems do not say; then `stat` does.
  return entry.isSymbolicLink() || isOfUnknownKind(entry) ? 'link' : 'other';
}

function isOfUnknownKind(entry: Dirent | Dirent<Buffer>): boolean {
  return !entry.isFIFO() && !entry.isSocket() && !entry.isBlockDevice() && !entry.isCharacterDevice();
}

function followLink(path: string): { readonly kind: 'file' | 'folder'; readonly path: string } | undefined {
  try {
    const stat = statSync(toFilePath(path));
    if (stat.isFile()) return { kind: 'file', path };
    return stat.isDirectory()
      ? { kind: 'folder', path: decodeRawText(realpathSync(toFilePath(path), 'buffer')) }
      : undefined;
  } catch (error) {
    if (codeOf(error) === undefined) throw error;
    return undefined;
  }
}
