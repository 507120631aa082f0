import { InvalidArgumentError } from 'commander';
import { parseBackendChoice, type BackendChoice } from '../../server/backend-choice.ts';
import { collect, Flag, type FlagGroup } from './flag.ts';
import { parseByteSize, parseCount, parseDuration, parseListen, parseText, type ListenFlag } from './flag-values.ts';

/** Values of {@link backendFlags}. */
export interface BackendFlags {
  readonly backend?: BackendChoice;
  readonly advertise?: 'native' | 'git';
  readonly workers?: number;
  readonly packCache?: string;
  /** 0 for none. */
  readonly packCacheBytes?: number;
  readonly gitListen?: ListenFlag;
  readonly metricsListen?: ListenFlag;
  readonly publicUrl?: string;
  readonly trustedProxy?: readonly string[];
  readonly geoipDatabase?: string;
  readonly config?: string;
}

/** Values of {@link serveFlags}. */
export interface ServeFlags {
  readonly listen?: ListenFlag;
  readonly exportAll?: boolean;
  readonly allowPush?: boolean;
  readonly namespace?: string;
  /** Milliseconds. */
  readonly drain?: number;
}

/** Values of {@link limitFlags}. */
export interface LimitFlags {
  readonly maxRequests?: number;
  readonly maxRequestsPerClient?: number;
  readonly maxRequestBytes?: number;
  /** Milliseconds. */
  readonly requestTime?: number;
  /** Milliseconds. */
  readonly totalTime?: number;
  readonly maxWants?: number;
  readonly maxHaves?: number;
  readonly maxShallows?: number;
  readonly maxDepth?: number;
  readonly maxFilterLength?: number;
  readonly maxFilterNesting?: number;
  readonly maxPktLineBytes?: number;
}

const group = 'Serving:';
const limitGroup = 'Limits of requests:';

function parseBackend(text: string): BackendChoice {
  try {
    return parseBackendChoice(text);
  } catch {
    throw new InvalidArgumentError('Give native, git or canary:PERCENT, such as canary:5.');
  }
}

/** A number of bytes, or 0. */
function parseCacheSize(text: string): number {
  return text.trim() === '0' ? 0 : parseByteSize(text);
}

/** What is served where. */
export const serveFlags: FlagGroup = () => [
  new Flag('--listen <address>', 'port, host:port or [ipv6]:port to serve at (default: 127.0.0.1:8418)', {
    parse: parseListen,
    group,
  }),
  new Flag('--export-all', 'serve repositories without git-daemon-export-ok, too', { group }),
  new Flag('--allow-push', 'let git take pushes to repositories whose http.receivepack is true', { group }),
  new Flag('--namespace <name>', 'serve this namespace of each repository (gitnamespaces)', {
    parse: parseText,
    group,
  }),
  new Flag('--drain <time>', 'time that running requests get to finish at the end (default: 30s)', {
    parse: parseDuration,
    group,
  }),
];

/** What serves, and what it tells of itself. */
export const backendFlags: FlagGroup = () => [
  new Flag('--backend <backend>', 'who answers: native, git, or canary:PERCENT for native in part', {
    parse: parseBackend,
    group,
  }),
  new Flag('--advertise <backend>', 'who answers the first request of a fetch, whatever --backend says', {
    choices: ['native', 'git'],
    group,
  }),
  new Flag('--workers <n>', 'threads for clones and fetches (default: one a core)', { parse: parseCount, group }),
  new Flag('--pack-cache <path>', "folder for packs that are kept (default: the system's temporary folder)", {
    parse: parseText,
    group,
  }),
  new Flag('--pack-cache-bytes <size>', 'most bytes of packs that are kept; 0 for none (default: 2g)', {
    parse: parseCacheSize,
    group,
  }),
  new Flag('--git-listen <address>', 'serve git:// as well, at this port, host:port or [ipv6]:port', {
    parse: parseListen,
    group,
  }),
  new Flag('--metrics-listen <address>', 'serve GET /metrics for Prometheus at this port, host:port or [ipv6]:port', {
    parse: parseListen,
    group,
  }),
  new Flag('--public-url <url>', 'what clients call this server, such as https://git.example.org/', {
    parse: parseText,
    group,
  }),
  new Flag('--trusted-proxy <cidr>', 'address or network of a proxy whose X-Forwarded-For counts; repeatable', {
    parse: collect,
    repeatable: true,
    group,
  }),
  new Flag('--geoip-database <file>', 'MMDB file that mirror.policy=geoip looks addresses up in', {
    parse: parseText,
    group,
  }),
  new Flag('--config <file>', 'JSON file with values of flags; flags and variables win over it', {
    parse: parseText,
    group,
  }),
];

/** What one request, and all at one time, may take. */
export const limitFlags: FlagGroup = () => {
  const count = (flag: string, description: string) =>
    new Flag(flag, description, { parse: parseCount, group: limitGroup });
  const size = (flag: string, description: string) =>
    new Flag(flag, description, { parse: parseByteSize, group: limitGroup });
  const time = (flag: string, description: string) =>
    new Flag(flag, description, { parse: parseDuration, group: limitGroup });
  return [
    count('--max-requests <n>', 'requests answered at one time (default: 64)'),
    count('--max-requests-per-client <n>', 'the same for one client address (default: no limit of its own)'),
    size('--max-request-bytes <size>', 'bytes of one request, compressed and not (default: 64m)'),
    time('--request-time <time>', 'time without a byte sent or taken (default: 2m)'),
    time('--total-time <time>', 'time for one request, however busy (default: 6h)'),
    count('--max-wants <n>', 'objects that one request may want (default: 1000000)'),
    count('--max-haves <n>', 'objects that one request may have (default: 1000000)'),
    count('--max-shallows <n>', 'shallow, deepen-not and want-ref lines of one request, each (default: 1000000)'),
    count('--max-depth <n>', 'largest depth that may be asked for (default: 2147483647)'),
    count('--max-filter-length <n>', 'characters of a filter (default: 65536)'),
    count('--max-filter-nesting <n>', 'filters inside filters (default: 32)'),
    size('--max-pkt-line-bytes <size>', 'bytes of one pkt-line (default: 65520)'),
  ];
};
