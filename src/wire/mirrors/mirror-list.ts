/** When clients should ask mirrors before the origin: at this fetch, at each one from now on, or never. */
export type PreferMirrors = 'now' | 'always' | 'never';

/** How much of a repository a mirror has, as the server that lists it knows. */
export type MirrorState = 'current' | 'partial' | 'unknown';

/** One mirror of a list. */
export interface MirrorEntry {
  readonly url: string;
  /** How long what is said here holds. */
  readonly ttlSeconds?: number | undefined;
  readonly state?: MirrorState | undefined;
  /** Its ref digest (see `refDigest`), 64 hexadecimal digits. */
  readonly digest?: string | undefined;
  /** Where it is: ISO 3166-1 alpha-2, maybe with a subdivision behind a dash. */
  readonly region?: string | undefined;
  /** Steps from the origin: 1 copies from it. */
  readonly stratum?: number | undefined;
}

/** Which mirrors there are (docs/mirror-protocol.md). */
export interface MirrorList {
  /** What the repository is called by its origin, the best URL first. */
  readonly canonical: readonly string[];
  readonly prefer: PreferMirrors;
  /** The best first. */
  readonly mirrors: readonly MirrorEntry[];
  /** How many more there are, and what `after` brings them. */
  readonly more?: { readonly count: number; readonly cursor: string } | undefined;
}

/** What a client asks of a list. */
export interface MirrorQuery {
  /** Canonical URL of the repository; undefined: that of the request. */
  readonly url?: string | undefined;
  readonly limit?: number | undefined;
  /** A cursor of an earlier answer. */
  readonly after?: string | undefined;
  /** URL schemes that the client speaks; undefined: all. */
  readonly protocols?: readonly string[] | undefined;
}

/** What a server answers. */
export type MirrorAnswer =
  | { readonly kind: 'list'; readonly list: MirrorList }
  /** The URL that was asked for is not known here; these are. */
  | { readonly kind: 'not-found'; readonly valid: readonly string[] };

/** A mirror says that it exists. */
export interface MirrorNotice {
  readonly at: string;
  readonly digest: string;
  readonly ttlSeconds: number;
  /** Signature of the ref state, as its signer made it. */
  readonly signature?: string | undefined;
}

/** What becomes of a notice. `ok`: it was looked at and is listed. */
export type NoticeAnswer =
  | { readonly kind: 'ok' }
  | { readonly kind: 'ignored' }
  /** The sentence goes to the mirror's operator. */
  | { readonly kind: 'refused'; readonly reason: string };
