import { GitMirrorError, isGitMirrorError, messageOf, type ErrorCode } from '../../core/error.ts';
import { presentRemoteText } from '../remote-text.ts';
import { describeSubject, subjectDetails, type ExchangeSubject } from './exchange-subject.ts';

/** Codes of certificates and handshakes that failed (OpenSSL's verification errors, Node's and undici's own). */
const tlsCode =
  /^(?:CERT_|CRL_|ERR_TLS_|ERR_SSL_|EPROTO$|UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_|INVALID_CA|INVALID_PURPOSE|PATH_LENGTH_|HOSTNAME_MISMATCH|UND_ERR_PRX_TLS)/;
const untrusted = /^(?:UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_)/;
const timedOut = new Set(['ETIMEDOUT', 'UND_ERR_CONNECT_TIMEOUT', 'UND_ERR_HEADERS_TIMEOUT', 'UND_ERR_BODY_TIMEOUT']);

const sentences: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'the connection was refused; check host and port, and that the server is up',
  ENOTFOUND: 'the host name does not resolve; check the URL and the name server',
  EAI_AGAIN: 'the name server did not answer; try again later',
  EHOSTUNREACH: 'there is no route to the host',
  ENETUNREACH: 'the network of the host cannot be reached',
  ECONNRESET: 'the connection was cut by the other side',
  EPIPE: 'the other side stopped taking data and sent no answer',
  UND_ERR_SOCKET: 'the connection ended before the answer was complete',
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: 'the answer ended before it was complete',
  Z_BUF_ERROR: 'the compressed answer ended before it was complete',
};

/**
 * The error of this package for one thrown by sockets, TLS, zlib or undici, kept as `cause`; one of this package stays
 * as it is. `GM_TLS`, `GM_TIMEOUT`, `GM_AUTH` (a proxy that wants credentials), `GM_PROTOCOL` (not HTTP), and
 * `GM_NETWORK` for the rest.
 */
export function networkError(error: unknown, subject: ExchangeSubject): unknown {
  if (isGitMirrorError(error)) return error;
  const code = codeOf(error);
  const { meaning, sentence } = interpret(error, code, subject);
  const via = subject.proxy === undefined ? '' : ` through the proxy ${subject.proxy}`;
  return new GitMirrorError(meaning, `${describeSubject(subject)}${via}: ${sentence}`, {
    cause: error,
    details: { ...subjectDetails(subject), ...(code === undefined ? {} : { reason: code }) },
  });
}

function interpret(
  error: unknown,
  code: string | undefined,
  subject: ExchangeSubject,
): { meaning: ErrorCode; sentence: string } {
  const reason = presentRemoteText(messageOf(error));
  const proxied = proxyRefusal(error);
  if (proxied !== undefined) return proxied;
  if (error instanceof Error && error.name === 'HTTPParserError') {
    return { meaning: 'GM_PROTOCOL', sentence: `the answer is not valid HTTP (${reason})` };
  }
  if (code === undefined) return { meaning: 'GM_NETWORK', sentence: reason };
  if (tlsCode.test(code)) return { meaning: 'GM_TLS', sentence: tlsSentence(code, reason, subject) };
  if (timedOut.has(code)) {
    return { meaning: 'GM_TIMEOUT', sentence: 'no connection or no data within the time limit; try again later' };
  }
  if (code === 'UND_ERR_HEADERS_OVERFLOW' || code === 'Z_DATA_ERROR') {
    return { meaning: 'GM_PROTOCOL', sentence: `the answer is not valid HTTP (${reason})` };
  }
  return { meaning: 'GM_NETWORK', sentence: sentences[code] ?? reason };
}

function tlsSentence(code: string, text: string, subject: ExchangeSubject): string {
  // Newer versions of Node append advice for their own command line.
  const reason = text.split(';', 1)[0] ?? text;
  const host = code === 'UND_ERR_PRX_TLS' ? `the proxy ${subject.proxy ?? ''}` : new URL(subject.url).host;
  if (untrusted.test(code)) {
    return (
      `the certificate of ${host} is not signed by a trusted authority (${reason}); set GIT_SSL_CAINFO or ` +
      'NODE_EXTRA_CA_CERTS to a PEM file with the authority, or turn verification off for this endpoint'
    );
  }
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') return `the certificate is not for ${host} (${reason})`;
  if (code === 'CERT_HAS_EXPIRED') return `the certificate of ${host} has expired`;
  return `TLS with ${host} failed (${reason})`;
}

/** undici tells the status of a refused CONNECT, and a 407, only in its message. */
function proxyRefusal(error: unknown): { meaning: ErrorCode; sentence: string } | undefined {
  const text = messageOf(error);
  const status =
    /^Proxy response \((\d{3})\)/.exec(text)?.[1] ?? /^Proxy Authentication Required \((407)\)/.exec(text)?.[1];
  if (status === undefined) return undefined;
  return status === '407'
    ? {
        meaning: 'GM_AUTH',
        sentence: 'the proxy asks for credentials (407); put them into the proxy URL: http://user:password@host:port',
      }
    : { meaning: 'GM_NETWORK', sentence: `the proxy did not connect to the host (${status})` };
}

function codeOf(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  if ('code' in error && typeof error.code === 'string') {
    // A failed connection of undici's proxy wraps the socket error that says more.
    const inner = error.code === 'UND_ERR_PRX_CONN' ? codeOf(error.cause) : undefined;
    return inner ?? error.code;
  }
  return error instanceof AggregateError ? error.errors.map(codeOf).find((code) => code !== undefined) : undefined;
}
