import { limits } from './limits.ts';

/** Characters that git-check-ref-format forbids anywhere in a ref name. */

const forbidden = /[\u0000-\u0020\u007f~^:?*[\\]/;

/**
 * Whether `name` is a well-formed full ref name (git-check-ref-format(1)): `HEAD`, or `refs/…` whose components are
 * not empty, do not begin with a dot, do not end in `.lock`, and which holds no `..`, `@{`, control character or one of
 * `~^:?*[\`. Names from the other side are checked with this before anything is done with them.
 */
export function isValidRefName(name: string): boolean {
  if (name === 'HEAD') return true;
  if (name.length > limits.maxRefNameBytes || !name.startsWith('refs/')) return false;
  if (forbidden.test(name) || name.includes('..') || name.includes('@{')) return false;
  if (name.endsWith('.')) return false;
  return name.split('/').every((part) => part !== '' && !part.startsWith('.') && !part.endsWith('.lock'));
}

/** What a ref is, judged by its namespace. */
export type RefKind = 'branch' | 'tag' | 'other';

/** `branch` for `refs/heads/…`, `tag` for `refs/tags/…`, otherwise `other`. */
export function refKindOf(name: string): RefKind {
  if (name.startsWith('refs/heads/')) return 'branch';
  if (name.startsWith('refs/tags/')) return 'tag';
  return 'other';
}

/** `refs/heads/main` as `main`, `refs/tags/v1` as `v1`; any other name as it is. */
export function shortRefName(name: string): string {
  return name.replace(/^refs\/(?:heads|tags)\//, '');
}
