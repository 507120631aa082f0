import { GitMirrorError } from '../../core/error.ts';
import type { Repository } from '../../repository/repository.ts';
import { viewRefs, type RefsView } from '../../upload/refs-view.ts';
import { refDigest } from '../../wire/mirrors/ref-digest.ts';

/** Repositories whose digest is remembered. */
const maxRemembered = 1024;

/** The ref digests of what is served here, computed again only when a ref or the configuration has changed. */
export class OwnDigests {
  readonly #namespace: string;
  /** Least recently used first. */
  readonly #remembered = new Map<string, { readonly version: string; readonly digest: string }>();

  /** @param namespace - `GIT_NAMESPACE`; empty for none */
  constructor(namespace: string) {
    this.#namespace = namespace;
  }

  /**
   * The digest of the refs that clients see now. All refs are read when one of them has changed: some 100 ms for 100,000.
   *
   * @param url - what the repository is called by who asks (row M6); undefined, or not known here: its path
   * @throws GitMirrorError `GM_CORRUPT` for refs or settings that cannot be read
   */
  of(repository: Repository, url?: string): string {
    const { gitDir, refs, config } = repository;
    const view = this.#view(repository, url);
    const key = `${view.remote ?? ''}\0${gitDir}`;
    const version = `${refs.version()}\0${config.version}`;
    const known = this.#remembered.get(key);
    this.#remembered.delete(key);
    const digest =
      known?.version === version ? known.digest : refDigest(view.refs.list('refs/'), view.refs.head()?.target);
    this.#remembered.set(key, { version, digest });
    for (const oldest of this.#remembered.keys()) {
      if (this.#remembered.size <= maxRemembered) break;
      this.#remembered.delete(oldest);
    }
    return digest;
  }

  #view(repository: Repository, url: string | undefined): Extract<RefsView, { kind: 'served' }> {
    const namespace = this.#namespace;
    const view = viewRefs(repository, { namespace, url });
    if (view.kind === 'served') return view;
    const own = viewRefs(repository, { namespace, url: undefined });
    if (own.kind === 'served') return own;
    throw new GitMirrorError('GM_INTERNAL', 'A repository has no refs to be shown by its path');
  }
}
