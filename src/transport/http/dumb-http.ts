import { GitMirrorError } from '../../core/error.ts';
import type { ConnectOptions } from '../connect-options.ts';
import { HttpSession } from './http-session.ts';
import type { HttpTarget } from './http-target.ts';
import { statusError } from './status-error.ts';

/** The files of a repository on a plain web server (gitprotocol-http, "Dumb Clients"). */
export interface DumbHttp {
  /** The repository's URL after redirects, credentials removed. */
  readonly displayUrl: string;
  /**
   * The content of `path`, which is relative to the repository (`info/refs`, `objects/info/packs`), or undefined when
   * there is no such file. The stream must be read to its end or released with `return()`. Errors as of `connectHttp`;
   * `GM_USAGE` for a path that leads out of the repository.
   */
  get(path: string, signal?: AbortSignal): Promise<AsyncIterableIterator<Uint8Array> | undefined>;
  /** Closes the connections. Safe to call twice; never throws. */
  close(): Promise<void>;
}

/**
 * Opens a repository that only has files. Nothing is asked of the server yet. Authentication, redirects, proxies and
 * time-outs are as of `connectHttp`; a redirect of the first file moves the whole repository, if its path allows.
 */
export function openDumbHttp(target: HttpTarget, options: ConnectOptions): DumbHttp {
  const session = new HttpSession(target, options);
  let isFirst = true;
  return {
    get displayUrl() {
      return session.repository.shown;
    },
    async get(path, signal) {
      signal?.throwIfAborted();
      const encoded = encodePath(path);
      const answer = await session.get(session.repository.file(encoded), { accept: '*/*' }, signal);
      if (answer.status === 404 || answer.status === 410) {
        await answer.body.return();
        return undefined;
      }
      if (answer.status !== 200) throw await statusError(answer, session.subject);
      if (isFirst) session.repository = session.repository.movedByFile(answer.url, encoded) ?? session.repository;
      isFirst = false;
      return answer.body;
    },
    close: () => session.close(),
  };
}

function encodePath(path: string): string {
  const parts = path.split('/');
  if (parts.some((part) => part === '' || part === '.' || part === '..')) {
    throw new GitMirrorError('GM_USAGE', `The path of a file in a repository is not plain: ${JSON.stringify(path)}`);
  }
  return parts.map(encodeURIComponent).join('/');
}
