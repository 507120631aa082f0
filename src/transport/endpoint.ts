/** One end of a replication. */
export interface Endpoint {
  /** Any URL or path git would take: `https://…`, `ssh://…`, `user@host:path`, `git://…`, `file://…`, a local path, `<scheme>://…` or `<scheme>::…` of an installed remote helper. */
  readonly url: string;
  /**
   * Whether the host that a redirect of `/info/refs` leads to is used for the requests that follow, as `git` does.
   * Credentials never follow to another host. Default true.
   */
  readonly followInfoRefsRedirect?: boolean | undefined;
}

/** Which end of a replication an endpoint is. */
export type EndpointRole = 'source' | 'target';

/** What to present to an endpoint. `bearerToken` wins over `username` and `token`. */
export interface EndpointAuth {
  /** User name for basic authentication. Default `git`. */
  readonly username?: string | undefined;
  /** Password or token for basic authentication. */
  readonly token?: string | undefined;
  /** Sent as `Authorization: Bearer …`. */
  readonly bearerToken?: string | undefined;
  /** Accept any certificate. Default false. */
  readonly skipTlsVerify?: boolean | undefined;
}

/** Says what to present to an endpoint; asked once per endpoint and run. */
export interface AuthProvider {
  authFor(endpoint: Endpoint, role: EndpointRole): EndpointAuth | undefined | Promise<EndpointAuth | undefined>;
}
