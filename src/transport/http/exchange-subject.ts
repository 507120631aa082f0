import type { EndpointRole } from '../endpoint.ts';
import type { GitService } from '../service-connection.ts';

/** What an exchange is about, for messages. */
export interface ExchangeSubject {
  /** URL as it may be shown. */
  readonly url: string;
  readonly service: GitService;
  readonly role: EndpointRole;
  /** Proxy on the way, without credentials. */
  readonly proxy?: string | undefined;
}

/** The beginning of a sentence about a failure: `https://host/x.git (git-upload-pack)`. */
export function describeSubject({ url, service }: ExchangeSubject): string {
  return `${url} (${service})`;
}

/** The facts of a subject for `details` of an error. */
export function subjectDetails({ url, service, role }: ExchangeSubject): Readonly<Record<string, string>> {
  return { url, service, role };
}
