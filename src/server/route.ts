/** What a URL asks for. */
export type Route =
  | { readonly kind: 'index' }
  | { readonly kind: 'health' }
  /**
   * A file or service of a repository (its name is empty for the root itself), or `push`: a push or the advertisement that
   * precedes one. `method` is the only one that fits; GET includes HEAD.
   */
  | {
      readonly kind: 'git' | 'push';
      readonly repository: string;
      readonly method: 'GET' | 'POST';
      readonly path: string;
      readonly query: string;
    }
  /** The mirrors of a repository, or a notice of one: GET or POST. The query is as it was sent. */
  | { readonly kind: 'mirrors'; readonly repository: string; readonly query: string }
  /** The mirrors of every repository. */
  | { readonly kind: 'known-mirrors'; readonly query: string }
  /** A service that this server does not know. */
  | { readonly kind: 'unknown-service' }
  | { readonly kind: 'malformed'; readonly reason: string }
  | { readonly kind: 'unknown' };

const maxUrlLength = 8192;

/** Files of the dumb protocol (gitprotocol-http, "Dumb Clients") and of the services, with the method each one takes. */
const files: readonly { readonly pattern: RegExp; readonly method: 'GET' | 'POST' }[] = [
  { pattern: /^info\/refs$/, method: 'GET' },
  { pattern: /^info\/mirrors$/, method: 'GET' },
  { pattern: /^git-upload-pack$/, method: 'POST' },
  { pattern: /^git-receive-pack$/, method: 'POST' },
  { pattern: /^HEAD$/, method: 'GET' },
  { pattern: /^objects\/info\/(?:packs|alternates|http-alternates)$/, method: 'GET' },
  { pattern: /^objects\/[0-9a-f]{2}\/(?:[0-9a-f]{38}|[0-9a-f]{62})$/, method: 'GET' },
  { pattern: /^objects\/pack\/pack-(?:[0-9a-f]{40}|[0-9a-f]{64})\.(?:pack|idx)$/, method: 'GET' },
];

/** Most segments that one of `files` has. */
const maxFileSegments = 3;

/**
 * What the request target `url` (a path and maybe a query, as it stands in the request line) asks for. The path is
 * never used as a path of the file system: it is cut into segments, each segment is decoded once, and whatever could
 * mean something else to a file system (`..`, an encoded slash, NUL, a leading dot) is refused here already.
 */
export function parseRoute(url: string): Route {
  if (url.length > maxUrlLength) return malformed('the URL is too long');
  if (!url.startsWith('/')) return malformed('the URL must begin with a slash');
  const queryStart = url.indexOf('?');
  const rawPath = queryStart < 0 ? url : url.slice(0, queryStart);
  if (rawPath === '/') return { kind: 'index' };
  if (rawPath === '/healthz') return { kind: 'health' };
  const query = queryStart < 0 ? '' : url.slice(queryStart + 1);
  if (rawPath === '/.well-known/git-mirrors') return { kind: 'known-mirrors', query };

  const segments: string[] = [];
  for (const raw of rawPath.slice(1).split('/')) {
    const segment = decodeSegment(raw);
    if (segment === undefined) return malformed('the path is not well formed');
    segments.push(segment);
  }
  return findFile(segments, query);
}

function findFile(segments: readonly string[], rawQuery: string): Route {
  for (let count = Math.min(maxFileSegments, segments.length); count > 0; count -= 1) {
    const path = segments.slice(-count).join('/');
    const file = files.find(({ pattern }) => pattern.test(path));
    if (file === undefined) continue;
    const repository = segments.slice(0, -count);
    // Whoever asks for `x/.git` means the repository of the checkout `x`; no other hidden folder is looked into.
    if (repository.some((part, index) => part.startsWith('.') && (part !== '.git' || index < repository.length - 1))) {
      return { kind: 'unknown' };
    }
    return routeFor(repository.join('/'), path, file.method, rawQuery);
  }
  return { kind: 'unknown' };
}

/** The query is rebuilt from what was understood: readers differ on which of two equal names counts. */
function routeFor(repository: string, path: string, method: 'GET' | 'POST', rawQuery: string): Route {
  if (path === 'info/mirrors') return { kind: 'mirrors', repository, query: rawQuery };
  if (path === 'git-receive-pack') return { kind: 'push', repository, method, path, query: '' };
  if (path !== 'info/refs') return { kind: 'git', repository, method, path, query: '' };
  const services = new URLSearchParams(rawQuery).getAll('service');
  if (services.length > 1) return malformed('the query names more than one service');
  switch (services[0]) {
    case undefined:
      return { kind: 'git', repository, method, path, query: '' };
    case 'git-upload-pack':
      return { kind: 'git', repository, method, path, query: 'service=git-upload-pack' };
    case 'git-receive-pack':
      return { kind: 'push', repository, method, path, query: 'service=git-receive-pack' };
    default:
      return { kind: 'unknown-service' };
  }
}

function malformed(reason: string): Route {
  return { kind: 'malformed', reason };
}

/** Undefined for a segment that is empty, a step upwards, not decodable, or holds a separator or control character. */
function decodeSegment(raw: string): string | undefined {
  let segment: string;
  try {
    segment = decodeURIComponent(raw);
  } catch {
    return undefined;
  }
  if (segment === '' || segment === '.' || segment === '..') return undefined;

  return /[\u0000-\u001f\u007f/\\]/.test(segment) ? undefined : segment;
}
