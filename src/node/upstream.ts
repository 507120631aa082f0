import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { GitMirrorError } from '../core/error.ts';
import { displayUrl } from '../transport/display-url.ts';
import { parseEndpoint } from '../transport/parse-endpoint.ts';

/** A repository that is mirrored. */
export interface Upstream {
  /** What to sync from: a URL, maybe with credentials, or an absolute path. */
  readonly url: string;
  /** The same for people, logs and the state file: without credentials. Two upstreams are the same when these are. */
  readonly shownUrl: string;
  /** Directory, when the upstream is on this machine. */
  readonly localPath?: string | undefined;
}

/**
 * What `text` from a command line means: a path that exists is a path, as for `git clone`; otherwise the rules for
 * URLs count, and what is no URL is a path, relative to `workingDir`. Throws `GM_USAGE` for what is neither.
 */
export function resolveUpstream(text: string, workingDir: string): Upstream {
  if (text === '') throw new GitMirrorError('GM_USAGE', 'The URL or path of a repository to mirror is empty');
  const asPath = resolve(workingDir, text);
  if (!/^[a-z][a-z0-9+.-]*::?\/\//i.test(text) && existsSync(asPath)) return local(asPath);
  const endpoint = parseEndpoint(text);
  if (endpoint.transport !== 'local') return { url: text, shownUrl: displayUrl(text) };
  return local(resolve(workingDir, endpoint.path));
}

function local(path: string): Upstream {
  return { url: path, shownUrl: path, localPath: path };
}
