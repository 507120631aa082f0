/** What has been seen of one repository. */
interface Seen {
  /** That of this moment is the last. */
  readonly digests: Set<string>;
  stamp: string;
  /** When refs were found to be what they had been before, with a change between; undefined when they were not. */
  returnedAtMs: number | undefined;
}

/** Repositories that are remembered, and digests of each. */
const maxRepositories = 1024;
const maxDigests = 128;

/**
 * Tells when the refs of a repository went back to what they were (a branch was pushed and taken back). Then a mirror with
 * the same digest may be one that stands still, or one that has read the state between and is about to take it over: nobody
 * can tell them apart for a while.
 */
export class DigestHistory {
  readonly #pauseMs: number;
  /** Least recently used first. */
  readonly #seen = new Map<string, Seen>();

  /** @param pauseMs - how long a return counts */
  constructor(pauseMs: number) {
    this.#pauseMs = pauseMs;
  }

  /**
   * Notes what the refs are now, and says whether they went back to that a short while ago. How long they had been something
   * else does not matter: a mirror may have slept for all that time.
   *
   * @param stamp - of `lastRefChange`, read before the digest
   */
  hasReturned(directory: string, digest: string, stamp: string, nowMs: number): boolean {
    const seen = this.#of(directory, stamp);
    if (stamp !== seen.stamp) {
      seen.returnedAtMs = seen.digests.has(digest) ? nowMs : undefined;
      seen.stamp = stamp;
    }
    seen.digests.delete(digest);
    seen.digests.add(digest);
    for (const oldest of seen.digests) {
      if (seen.digests.size <= maxDigests) break;
      seen.digests.delete(oldest);
    }
    return seen.returnedAtMs !== undefined && nowMs - seen.returnedAtMs <= this.#pauseMs;
  }

  #of(directory: string, stamp: string): Seen {
    const seen = this.#seen.get(directory) ?? { digests: new Set<string>(), stamp, returnedAtMs: undefined };
    this.#seen.delete(directory);
    this.#seen.set(directory, seen);
    for (const oldest of this.#seen.keys()) {
      if (this.#seen.size <= maxRepositories) break;
      this.#seen.delete(oldest);
    }
    return seen;
  }
}
