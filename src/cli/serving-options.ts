import type { ServingOptions } from '../node/node-server.ts';
import type { BackendFlags, LimitFlags } from './flags/serve-flags.ts';

/** What the flags say of how to serve. */
export function servingOptions(flags: BackendFlags & LimitFlags, env: NodeJS.ProcessEnv): ServingOptions {
  return {
    env,
    backend: flags.backend,
    advertise: flags.advertise,
    workers: flags.workers,
    cacheDir: flags.packCache,
    cacheBytes: flags.packCacheBytes,
    gitListen: flags.gitListen,
    metricsListen: flags.metricsListen,
    mirrors: {
      publicUrl: flags.publicUrl,
      trustedProxies: flags.trustedProxy,
      geoipDatabase: flags.geoipDatabase,
    },
    limits: limitsOf(flags),
  };
}

/** Only what is set: the defaults are the server's. */
function limitsOf(flags: LimitFlags): NonNullable<ServingOptions['limits']> {
  const limits = {
    maxConcurrentRequests: flags.maxRequests,
    maxRequestsPerClient: flags.maxRequestsPerClient,
    maxRequestBytes: flags.maxRequestBytes,
    requestTimeMs: flags.requestTime,
    totalTimeMs: flags.totalTime,
    maxWants: flags.maxWants,
    maxHaves: flags.maxHaves,
    maxShallows: flags.maxShallows,
    maxDepth: flags.maxDepth,
    maxFilterLength: flags.maxFilterLength,
    maxFilterNesting: flags.maxFilterNesting,
    maxPktLineBytes: flags.maxPktLineBytes,
  };
  return Object.fromEntries(Object.entries(limits).filter(([, value]) => value !== undefined));
}
