import { GitMirrorError } from '../../core/error.ts';
import { displayUrl } from '../display-url.ts';
import type { GitService } from '../service-connection.ts';

/**
 * Where the parts of one repository are found below its URL (gitprotocol-http, "URL Format"). A base with a query
 * keeps it in front, as Git does: `https://host/git?repo=x` becomes `https://host/git?repo=x/info/refs&service=…`.
 */
export class RepositoryUrl {
  /** The URL without a trailing slash. */
  readonly base: string;

  /** `base` is an absolute `http` or `https` URL without userinfo; a fragment is dropped. */
  constructor(base: URL | string) {
    const text = (typeof base === 'string' ? base : base.href).replace(/#.*$/s, '');
    this.base = text.replace(/\/+$/, '');
  }

  /** Scheme, host and port. */
  get origin(): string {
    return new URL(this.base).origin;
  }

  /** The URL as it may be shown. */
  get shown(): string {
    return displayUrl(this.base);
  }

  /** URL of `path`, a relative path whose parts are already percent-encoded. */
  file(path: string): string {
    return `${this.base}/${path}`;
  }

  /** Where the advertisement of `service` is read. */
  infoRefs(service: GitService): string {
    return `${this.base}${this.#infoRefsTail(service)}`;
  }

  /** Where requests to `service` are posted. */
  service(service: GitService): string {
    return this.file(service);
  }

  /**
   * The repository's URL after a redirect of `infoRefs(service)` ended at `location`, or undefined when that is no
   * `/info/refs` of the same service: where the other requests belong cannot be told then.
   */
  movedTo(location: string, service: GitService): RepositoryUrl | undefined {
    return this.#without(location, this.#infoRefsTail(service));
  }

  /** The repository's URL after a redirect of `file(path)` ended at `location`, or undefined when the path changed. */
  movedByFile(location: string, path: string): RepositoryUrl | undefined {
    return this.#without(location, `/${path}`);
  }

  #infoRefsTail(service: GitService): string {
    return `/info/refs${this.base.includes('?') ? '&' : '?'}service=${service}`;
  }

  #without(location: string, tail: string): RepositoryUrl | undefined {
    return location.endsWith(tail) ? new RepositoryUrl(location.slice(0, -tail.length)) : undefined;
  }
}

/**
 * The URL a redirect from `from` with `Location: location` leads to; userinfo in it is dropped. Throws `GM_PROTOCOL`
 * for a missing or malformed location, for other schemes than http and https, and for a step down from https to http.
 */
export function redirectLocation(from: string, location: string | undefined): string {
  const shownFrom = displayUrl(from);
  const refuse = (what: string): GitMirrorError =>
    new GitMirrorError('GM_PROTOCOL', `${shownFrom} redirects ${what}`, { details: { url: shownFrom } });
  if (location === undefined || location === '') throw refuse('without saying where to (no Location header)');
  const next = URL.parse(location, from);
  if (next === null) throw refuse('to something that is no URL');
  if (next.protocol !== 'http:' && next.protocol !== 'https:') {
    throw refuse(`to a URL that is neither http nor https (${next.protocol}); use the final URL if that is meant`);
  }
  next.username = '';
  next.password = '';
  next.hash = '';
  if (next.protocol === 'http:' && new URL(from).protocol === 'https:') {
    throw refuse(`from https to http (${displayUrl(next.href)}), which is refused; use the http URL if that is meant`);
  }
  return next.href;
}
