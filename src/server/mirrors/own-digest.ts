import type { GitConfig } from '../../repository/git-config.ts';
import { NamespacedRefs, namespacePrefix } from '../../repository/refs/namespaced-refs.ts';
import { readHiddenRefs } from '../../repository/refs/hidden-refs.ts';
import type { Repository } from '../../repository/repository.ts';
import { ServedRefs } from '../../upload/served-refs.ts';
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
   * @throws GitMirrorError `GM_CORRUPT` for refs or settings that cannot be read
   */
  of(repository: Repository): string {
    const { gitDir, refs, config } = repository;
    const version = `${refs.version()}\0${config.version}`;
    const known = this.#remembered.get(gitDir);
    this.#remembered.delete(gitDir);
    const digest = known?.version === version ? known.digest : this.#compute(repository, config);
    this.#remembered.set(gitDir, { version, digest });
    for (const oldest of this.#remembered.keys()) {
      if (this.#remembered.size <= maxRemembered) break;
      this.#remembered.delete(oldest);
    }
    return digest;
  }

  #compute({ refs }: Repository, config: GitConfig): string {
    const served = new ServedRefs(new NamespacedRefs(refs, namespacePrefix(this.#namespace)), readHiddenRefs(config));
    return refDigest(served.list('refs/'), served.head()?.target);
  }
}
