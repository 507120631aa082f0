import { GitMirrorError } from '../core/error.ts';
import type { ByteStream } from '../core/byte-stream.ts';
import type { DumbSource as DumbFiles } from '../pack/dumb-refs.ts';
import { openDumbHttp, type DumbHttp } from '../transport/http/dumb-http.ts';

/** What `openDumbHttp` takes. */
type DumbHttpArguments = Parameters<typeof openDumbHttp>;

/**
 * The files of a repository on a plain web server, and of the other repositories on the same server that it borrows
 * objects from (gitrepository-layout, `objects/info/http-alternates`): their paths begin with `/` or `../`.
 */
export class DumbHost implements DumbFiles {
  readonly #target: DumbHttpArguments[0];
  readonly #options: DumbHttpArguments[1];
  readonly #own: DumbHttp;
  readonly #others = new Map<string, DumbHttp>();

  constructor(target: DumbHttpArguments[0], options: DumbHttpArguments[1]) {
    this.#target = target;
    this.#options = options;
    this.#own = openDumbHttp(target, options);
  }

  get displayUrl(): string {
    return this.#own.displayUrl;
  }

  /** The file at `path`; undefined when there is none. `GM_PROTOCOL` for a path that leaves the server. */
  async get(path: string): Promise<ByteStream | undefined> {
    const { signal } = this.#options;
    if (!path.startsWith('/') && !path.startsWith('../')) return this.#own.get(path, signal);
    const own = new URL(`${this.#own.displayUrl.replace(/\/*$/, '')}/`);
    const url = new URL(path, own);
    const end = url.pathname.lastIndexOf('/objects/');
    if (url.origin !== own.origin || end < 0) {
      throw new GitMirrorError(
        'GM_PROTOCOL',
        `${this.displayUrl} borrows objects from ${url.href}, which is elsewhere.`,
      );
    }
    const base = url.pathname.slice(0, end);
    const other = this.#others.get(base) ?? openDumbHttp({ ...this.#target, url: new URL(base, own) }, this.#options);
    this.#others.set(base, other);
    return other.get(url.pathname.slice(end + 1), signal);
  }

  /** Closes all connections. Never throws. */
  async close(): Promise<void> {
    await Promise.all([this.#own, ...this.#others.values()].map((files) => files.close()));
  }
}
