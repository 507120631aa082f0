import { realpathSync } from 'node:fs';
import { dirname, isAbsolute } from 'node:path';
import { GitMirrorError } from '../../core/error.ts';
import { repositoryLimits } from '../repository-limits.ts';
import { type Environment, expandPath } from './expand-path.ts';
import { matchesGlob } from './wildmatch.ts';

/** What conditions are held against. */
export interface IncludeSubject {
  /** Real path. */
  readonly gitDir: string;
  readonly env: Environment;
  /** Short name of the branch that HEAD is on. */
  currentBranch(): string | undefined;
  /** Every `remote.*.url` of the whole configuration. */
  remoteUrls(): readonly string[];
}

/**
 * Whether the condition of `[includeIf "<condition>"]` holds (git-config(1), "Conditional includes"); one that is not
 * known never does.
 *
 * @param file - the file in which it stands; undefined for the environment
 * @throws GitMirrorError `GM_CORRUPT` for a condition relative to a file that is none; `GM_LIMIT`
 */
export function holdsCondition(condition: string, file: string | undefined, subject: IncludeSubject): boolean {
  if (condition.length > repositoryLimits.maxGlobBytes) {
    throw new GitMirrorError('GM_LIMIT', `a condition of includeIf has ${String(condition.length)} characters`);
  }
  const colon = condition.indexOf(':');
  const kind = condition.slice(0, colon);
  const pattern = condition.slice(colon + 1);
  switch (kind) {
    case 'gitdir':
      return isGitDirLike(pattern, file, subject, false);
    case 'gitdir/i':
      return isGitDirLike(pattern, file, subject, true);
    case 'onbranch': {
      const branch = subject.currentBranch();
      return branch !== undefined && matchesGlob(withFolders(pattern), branch);
    }
    case 'hasconfig': {
      const key = 'remote.*.url:';
      if (!pattern.startsWith(key)) return false;
      const glob = pattern.slice(key.length);
      return subject.remoteUrls().some((url) => matchesGlob(glob, url));
    }
    default:
      return false;
  }
}

function isGitDirLike(
  condition: string,
  file: string | undefined,
  subject: IncludeSubject,
  ignoreCase: boolean,
): boolean {
  let pattern = expandRealHome(condition, subject.env);
  let literal = '';
  if (pattern.startsWith('./')) {
    if (file === undefined) {
      throw new GitMirrorError('GM_CORRUPT', 'relative config include conditionals must come from files');
    }
    literal = withSlash(dirname(realpathSync(file)));
    pattern = pattern.slice('./'.length);
  } else if (!isAbsolute(pattern)) {
    pattern = `**/${pattern}`;
  }
  const start = subject.gitDir.slice(0, literal.length);
  if (ignoreCase ? start.toLowerCase() !== literal.toLowerCase() : start !== literal) return false;
  return matchesGlob(withFolders(pattern), subject.gitDir.slice(literal.length), { ignoreCase });
}

function expandRealHome(path: string, env: Environment): string {
  const home = env['HOME'];
  if (home === undefined || !/^~(?:\/|$)/.test(path)) return expandPath(path, env) ?? path;
  try {
    return realpathSync(home) + path.slice(1);
  } catch {
    return home + path.slice(1);
  }
}

/** A pattern that ends in a slash means everything below. */
function withFolders(pattern: string): string {
  return pattern.endsWith('/') ? `${pattern}**` : pattern;
}

function withSlash(path: string): string {
  return path.endsWith('/') ? path : `${path}/`;
}
