import { basename, join } from 'node:path';
import type { ObjectFormat } from '../../core/object-id.ts';
import { findGitDirectory, type GitDirectory } from './git-directory.ts';
import { readRepositoryFormat, type RefStorage } from './repository-format.ts';

/** Where the parts of a repository are, and in which format (gitrepository-layout(5)). */
export interface RepositoryLayout extends GitDirectory {
  readonly isBare: boolean;
  /** `core.repositoryFormatVersion`. */
  readonly formatVersion: number;
  readonly format: ObjectFormat;
  /** `extensions.compatObjectFormat`: names of this format too are kept, in files that serving does not need. */
  readonly compatFormat: ObjectFormat | undefined;
  readonly refStorage: RefStorage;
  /** `extensions.partialClone`: the remote that promises what is missing. */
  readonly partialClone: string | undefined;
  readonly preciousObjects: boolean;
  /** `extensions.worktreeConfig`: whether `config.worktree` counts. */
  readonly worktreeConfig: boolean;
}

/**
 * Finds and describes the repository that a path stands for, as git-upload-pack does for the path it is given: see
 * {@link findGitDirectory} for what may be a repository, and {@link readRepositoryFormat} for what is refused.
 *
 * @throws GitMirrorError `GM_NOT_FOUND`, `GM_CORRUPT`, `GM_LIMIT`, `GM_SYSTEM`
 */
export function readLayout(directory: string): RepositoryLayout {
  const { gitDir, commonDir } = findGitDirectory(directory);
  const format = readRepositoryFormat(join(commonDir, 'config'));
  const isMain = gitDir === commonDir;
  return {
    gitDir,
    commonDir,
    isBare: isMain && (format.isBare ?? basename(gitDir) !== '.git'),
    formatVersion: format.version,
    format: format.objectFormat,
    compatFormat: format.compatObjectFormat,
    refStorage: format.refStorage,
    partialClone: format.partialClone,
    preciousObjects: format.preciousObjects,
    worktreeConfig: format.worktreeConfig,
  };
}
