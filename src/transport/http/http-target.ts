/** A repository behind HTTP, as its URL names it. */
export interface HttpTarget {
  /** The repository's URL; user name and password have been removed. */
  readonly url: URL;
  /** User name of the URL's userinfo, percent-decoded. */
  readonly username?: string;
  /** Password of the URL's userinfo, percent-decoded. */
  readonly password?: string;
}
