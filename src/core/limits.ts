/**
 * Bounds on everything whose size the other side chooses. A value that comes off a wire is compared with one of these
 * before it sizes a read, a loop or an allocation.
 */
export const limits = {
  /** Longest pkt-line, its four length digits included (gitprotocol-common, "pkt-line Format"). */
  maxPktLineBytes: 65_520,
  /** Longest ref name. Git has no limit of its own; the file system and pkt-line set one in practice. */
  maxRefNameBytes: 4096,
  /** Refs in one advertisement or ls-refs answer. */
  maxRefs: 2_000_000,
  /** Capabilities in one advertisement. */
  maxCapabilities: 1024,
  /** Bytes of text kept from an error answer of the other side. */
  maxErrorTextBytes: 4096,
  /** Lines of progress and messages kept from one response of the other side. */
  maxMessageBytes: 64 * 1024,
  /** Inflated bytes of one commit or tag object that is parsed. */
  maxCommitBytes: 64 * 1024 * 1024,
  /** Longest delta chain followed; Git writes at most 4095 (pack.depth). */
  maxDeltaDepth: 4096,
  /** Redirects followed for one request (http.followRedirects allows 20). */
  maxRedirects: 20,
  /** Parents of one commit. The largest merges known have 66. */
  maxCommitParents: 65_536,
  /** Objects in one pack whose commits are read into a graph. */
  maxGraphObjects: 100_000_000,
  /**
   * Inflated bytes of one object that has to be held in memory whole: a tree, or anything stored as a delta. Git makes no
   * deltas of larger ones (core.bigFileThreshold).
   */
  maxHeldObjectBytes: 512 * 1024 * 1024,
  /** Trees inside trees (git: core.maxTreeDepth, 2048). */
  maxTreeDepth: 2048,
  /** Bytes of one pack index of a dumb HTTP source. */
  maxPackIndexBytes: 4 * 1024 * 1024 * 1024,
  /** Bytes of `info/refs`, and of one of the small listings of a dumb HTTP source. */
  maxDumbListingBytes: 256 * 1024 * 1024,
  /** Packs and alternates that a dumb HTTP source may list. */
  maxDumbPacks: 100_000,
  /** Bytes of all capabilities in one advertisement or request together. */
  maxCapabilityBytes: 1024 * 1024,
  /** Refs with illegal names that are remembered for the message; the rest are only counted. */
  maxInvalidRefs: 100,
  /** Argument lines in one request of a client, and lines in front of the pack in one fetch answer. */
  maxRequestLines: 2_000_000,
  /** Lines of `packfile-uris` in one fetch answer. */
  maxPackfileUris: 1024,
  /** Push options in one push. */
  maxPushOptions: 1024,
  /** Bytes of an HTTP answer read after its reader has left, to keep the connection usable. */
  maxDrainBytes: 64 * 1024,
  /** Bytes of a streamed HTTP body held back so that it can be sent again after a 401 (http.postBuffer). */
  maxReplayBytes: 1024 * 1024,
  /** Longest `Retry-After` that is waited for before an advertisement is asked for again, in milliseconds. */
  maxRetryAfterMs: 5000,
  /** Bytes of one answer of a credential helper. */
  maxCredentialBytes: 64 * 1024,
} as const;
