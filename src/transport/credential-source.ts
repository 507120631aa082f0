/** What a server that wants credentials is known by (git-credential(1), "INPUT/OUTPUT FORMAT"). */
export interface CredentialQuery {
  readonly protocol: 'http' | 'https';
  /** Host, with the port when the URL names one: `example.com:8443`. */
  readonly host: string;
  /** Path of the repository without the leading slash. The source itself decides whether it matters. */
  readonly path: string;
  /** User name the URL or the caller insists on. */
  readonly username?: string | undefined;
  /** Values of the `WWW-Authenticate` headers of the answer that asked, in order. */
  readonly wwwAuthenticate: readonly string[];
}

/** A user name and the password or token that goes with it. */
export interface Credential {
  readonly username: string;
  readonly password: string;
}

/**
 * Knows credentials for servers that ask. It is asked only after a 401 and never asks a person.
 * None of the methods puts a secret into an error message.
 */
export interface CredentialSource {
  /** A credential for `query`, or undefined when there is none. */
  fill(query: CredentialQuery, signal?: AbortSignal): Promise<Credential | undefined>;
  /** The server took `credential`: it may be kept. Never throws. */
  approve(query: CredentialQuery, credential: Credential): Promise<void>;
  /** The server refused `credential`: it must be forgotten. Never throws. */
  reject(query: CredentialQuery, credential: Credential): Promise<void>;
}
