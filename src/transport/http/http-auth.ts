import type { ConnectOptions } from '../connect-options.ts';
import type { Credential, CredentialQuery } from '../credential-source.ts';
import type { EndpointRole } from '../endpoint.ts';
import { assertPlainCredential, basicAuthorization, bearerAuthorization } from './authorization.ts';
import type { HttpTarget } from './http-target.ts';

/** Why there is nothing (more) to present to a server that answered 401; a sentence for people. */
export type AuthRefusal = string;

/** A credential that came from the credential source. */
interface FoundCredential {
  readonly query: CredentialQuery;
  readonly credential: Credential;
  isApproved: boolean;
}

/**
 * Knows what to present to which origin: what was given explicitly, otherwise the userinfo of the URL, otherwise
 * nothing until a 401, and then what the credential source knows.
 *
 * Explicit credentials and userinfo go to the origin (scheme, host and port) of the repository's URL and nowhere else.
 */
export class HttpAuth {
  readonly #options: ConnectOptions;
  readonly #target: HttpTarget;
  readonly #given: string | undefined;
  readonly #username: string | undefined;
  readonly #found = new Map<string, FoundCredential>();
  readonly #refused = new Set<string>();

  /** Throws `GM_USAGE` for credentials that hold control characters. */
  constructor(target: HttpTarget, options: ConnectOptions) {
    this.#options = options;
    this.#target = target;
    this.#given = givenAuthorization(target, options);
    this.#username = options.auth?.username ?? target.username;
  }

  /** Value of the `Authorization` header for a request to `url`, if there is one to send. */
  headerFor(url: string): string | undefined {
    const { origin } = new URL(url);
    const found = this.#found.get(origin)?.credential;
    if (found !== undefined) return basicAuthorization(found.username, found.password);
    return origin === this.#target.url.origin ? this.#given : undefined;
  }

  /** Whether a 401 from the origin of `url` could still be answered: nothing was presented, and there is someone to ask. */
  mayBeAsked(url: string): boolean {
    return (
      this.#options.credentials !== undefined &&
      this.headerFor(url) === undefined &&
      !this.#refused.has(new URL(url).origin)
    );
  }

  /**
   * The server at `url` answered 401. Undefined when there is something to present now, so that the request is worth
   * repeating; otherwise why not.
   */
  async challenged(
    url: string,
    wwwAuthenticate: readonly string[],
    repositoryPath: string,
    signal?: AbortSignal,
  ): Promise<AuthRefusal | undefined> {
    const { origin, protocol, host } = new URL(url);
    const found = this.#found.get(origin);
    if (found !== undefined) {
      this.#found.delete(origin);
      this.#refused.add(origin);
      await this.#options.credentials?.reject(found.query, found.credential);
      return `the credentials from the credential helper were refused; ${this.#whatToSet}`;
    }
    const isOwnOrigin = origin === this.#target.url.origin;
    if (isOwnOrigin && this.#given !== undefined) {
      return `the credentials given for the ${this.#options.role} were refused; check them, and that they have not expired`;
    }
    if (this.#options.credentials !== undefined && !this.#refused.has(origin)) {
      const query: CredentialQuery = {
        protocol: protocol === 'https:' ? 'https' : 'http',
        host,
        path: repositoryPath,
        username: isOwnOrigin ? this.#username : undefined,
        wwwAuthenticate,
      };
      const credential = await this.#options.credentials.fill(query, signal);
      if (credential !== undefined) {
        assertPlainCredential(credential.username, 'user name from the credential helper');
        assertPlainCredential(credential.password, 'password from the credential helper');
        this.#found.set(origin, { query, credential, isApproved: false });
        return undefined;
      }
      this.#refused.add(origin);
    }
    return !isOwnOrigin && this.#given !== undefined
      ? `it asks for credentials, and those for ${this.#target.url.origin} are not sent to another origin; use the final URL`
      : `it asks for credentials and there are none; ${this.#whatToSet}`;
  }

  /** The server at `url` took what was presented. */
  async accepted(url: string): Promise<void> {
    const found = this.#found.get(new URL(url).origin);
    if (found === undefined || found.isApproved) return;
    found.isApproved = true;
    await this.#options.credentials?.approve(found.query, found.credential);
  }

  get #whatToSet(): string {
    return whatToSet[this.#options.role];
  }
}

const whatToSet: Readonly<Record<EndpointRole, string>> = {
  source: 'set GIT_MIRROR_SOURCE_TOKEN or --source-token, or configure a git credential helper',
  target: 'set GIT_MIRROR_TARGET_TOKEN or --target-token, or configure a git credential helper',
};

function givenAuthorization(target: HttpTarget, { auth, role }: ConnectOptions): string | undefined {
  if (auth?.bearerToken !== undefined && auth.bearerToken !== '') {
    return bearerAuthorization(auth.bearerToken, `bearer token of the ${role}`);
  }
  if (auth?.token !== undefined && auth.token !== '') {
    return checkedBasic(auth.username ?? target.username ?? 'git', auth.token, `of the ${role}`);
  }
  if (target.password === undefined) {
    // A user name alone is no credential: it says whose password to ask the credential source for.
    assertPlainCredential(auth?.username ?? target.username ?? '', `user name of the ${role}`);
    return undefined;
  }
  return checkedBasic(target.username ?? '', target.password, `in the URL of the ${role}`);
}

function checkedBasic(username: string, password: string, whose: string): string {
  assertPlainCredential(username, `user name ${whose}`);
  assertPlainCredential(password, `password or token ${whose}`);
  return basicAuthorization(username, password);
}
