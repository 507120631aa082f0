import { GitMirrorError } from '../../core/error.ts';
import { isValidRefName } from '../../core/ref-name.ts';

/**
 * Whether `name` may name a ref that is looked up: a full name, or one without `refs/` in front (`HEAD`, `ORIG_HEAD`),
 * well-formed all the same (git-check-ref-format(1), `--allow-onelevel`).
 */
export function isReadableRefName(name: string): boolean {
  return name !== '@' && isValidRefName(name.startsWith('refs/') ? name : `refs/${name}`);
}

/**
 * Whether a malformed name is at least the path of a file under `refs/`. Git leaves refs with such names out of listings,
 * and refuses to go on at all when there are others.
 */
export function isSafeRefName(name: string): boolean {
  const parts = name.split('/');
  return parts.length > 1 && parts[0] === 'refs' && parts.every((part) => part !== '' && part !== '.' && part !== '..');
}

/** `GM_CORRUPT` for a name that no ref may have. */
export function corruptName(message: string): GitMirrorError {
  return new GitMirrorError('GM_CORRUPT', message);
}

const perWorktreePrefixes = ['refs/worktree/', 'refs/bisect/', 'refs/rewritten/'] as const;

/** Namespaces of which every worktree has its own (git-worktree(1), "REFS"). */
export const perWorktreeNamespaces: readonly string[] = perWorktreePrefixes;

/** Whose ref a name means. */
export interface RefOwner {
  /** `shared` between worktrees, of the `current` one, or of the worktree that the name says. */
  readonly owner: 'shared' | 'current' | { readonly worktree: string };
  /** The name there. */
  readonly name: string;
}

/** Takes `main-worktree/` and `worktrees/<id>/` off a name, and says where it is kept (git-worktree(1), "REFS"). */
export function ownerOf(name: string): RefOwner {
  const [, main, worktree, rest = ''] = /^(?:(main-worktree)|worktrees\/([^/]+))\/(.+)$/s.exec(name) ?? [];
  if (isPerWorktree(rest)) {
    if (main !== undefined) return { owner: 'shared', name: rest };
    if (worktree !== undefined) return { owner: { worktree }, name: rest };
  }
  return { owner: isPerWorktree(name) ? 'current' : 'shared', name };
}

function isPerWorktree(name: string): boolean {
  return /^[A-Z_-]+$/.test(name) || perWorktreePrefixes.some((prefix) => name.startsWith(prefix));
}
