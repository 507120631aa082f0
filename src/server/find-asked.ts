import { isGitMirrorError } from '../core/error.ts';
import { decodeMirrorKeys } from '../wire/mirrors/git-protocol-keys.ts';
import type { MirrorService } from './mirrors/mirror-service.ts';
import type { FoundRepository, RepositoryLookup } from './repository-lookup.ts';

/** What a request says of the repository that it is for. */
export interface AskedName {
  /** As the path has it. */
  readonly name: string;
  /** Value of `Git-Protocol`, which may say `url=`. */
  readonly gitProtocol: string;
  /** The URL of the request without what lies below the repository, when it is known. */
  readonly url: string | undefined;
}

/** What was found; `valid` are URLs that would have been. */
export type AnsweredName =
  Exclude<FoundRepository, { kind: 'unknown' }> | { readonly kind: 'unknown'; readonly valid: readonly string[] };

/**
 * The repository that a request is for (row M6): the one that has the URL it is called by, wherever it is kept here; otherwise
 * the one at the path. A path that is not known, or a URL that is not, is no reason to say no as long as the other is.
 */
export async function findAsked(
  lookup: RepositoryLookup,
  mirrors: MirrorService | undefined,
  asked: AskedName,
): Promise<AnsweredName> {
  const found = await lookup.find(asked.name);
  if (mirrors === undefined) return found.kind === 'unknown' ? { kind: 'unknown', valid: [] } : found;
  const called = urlIn(asked.gitProtocol);
  const url = called ?? (found.kind === 'unknown' ? asked.url : undefined);
  if (url === undefined) return found.kind === 'unknown' ? { kind: 'unknown', valid: [] } : found;
  const byUrl = await mirrors.findByUrl(url, found.kind === 'found' ? found.directory : undefined);
  if (byUrl.kind === 'found') return byUrl.repository;
  return found.kind === 'unknown' ? { kind: 'unknown', valid: called === undefined ? [] : byUrl.valid } : found;
}

/** Undefined for a key that makes no sense, too: whoever reads the request says so. */
function urlIn(gitProtocol: string): string | undefined {
  if (!gitProtocol.includes('url=')) return undefined;
  try {
    return decodeMirrorKeys(gitProtocol).url;
  } catch (error) {
    if (!isGitMirrorError(error)) throw error;
    return undefined;
  }
}
