import { BlockList, isIP } from 'node:net';
import { GitMirrorError } from '../../core/error.ts';
import { openKernel } from '../../kernel/open-kernel.ts';
import { RepositoryCache } from '../../repository/open-repository.ts';
import { servingEnvironment } from '../git-programs.ts';
import type { RepositoryLookup } from '../repository-lookup.ts';
import { createMirrorService } from './create-mirror-service.ts';
import type { MirrorService } from './mirror-service.ts';
import { OrderMirrors } from './policy/order-by-policy.ts';
import { Steering, type SteeringOutcome } from './steering.ts';

/** What a server is told of mirrors beyond the configuration of its repositories. */
export interface MirrorOptions {
  /** An MMDB file with countries or cities, for `mirror.policy=geoip`. Default: the one that comes with us. */
  readonly geoipDatabase?: string | undefined;
  /** Addresses and networks (`192.0.2.0/24`) of proxies whose `X-Forwarded-For` counts. Default none. */
  readonly trustedProxies?: readonly string[] | undefined;
  /** What this server is called by its clients, `https://git.example.org/`. Default: as each request says. */
  readonly publicUrl?: string | undefined;
}

/** Options of {@link openMirrorService}. */
export interface OpenMirrorServiceOptions extends MirrorOptions {
  readonly lookup: RepositoryLookup;
  /** Environment that git's configuration is read with. Default `process.env`. */
  readonly env?: NodeJS.ProcessEnv | undefined;
  readonly namespace?: string | undefined;
  readonly onWarning: (text: string) => void;
  /** Told what became of each fetch of a repository with `mirror.steer`. */
  readonly onSteering?: ((outcome: SteeringOutcome) => void) | undefined;
}

/** The service with all that it needs. @throws GitMirrorError `GM_USAGE` for an option that makes no sense */
export function openMirrorService(options: OpenMirrorServiceOptions): MirrorService {
  const { lookup, namespace, onWarning, geoipDatabase, publicUrl } = options;
  const trustedProxies = proxyList(options.trustedProxies ?? []);
  // Configuration and refs are read with it; of objects only whether they are there, when a mirror registers.
  const kernel = openKernel({ kind: 'plain' });
  const repositories = new RepositoryCache({ kernel, env: servingEnvironment(options.env ?? process.env), maxIdle: 2 });
  const geoip = {
    file: geoipDatabase,
    onProblem: (error: GitMirrorError) => {
      onWarning(error.message);
    },
  };
  return createMirrorService({
    repositories,
    lookup,
    order: new OrderMirrors({ geoip }),
    steering: new Steering({ onOutcome: options.onSteering }),
    trustedProxies,
    publicUrl: publicUrl === undefined ? undefined : baseUrlOf(publicUrl),
    namespace,
    onWarning,
  });
}

/** `text` with one slash at its end. @throws GitMirrorError `GM_USAGE` for what is no URL of a web server */
export function baseUrlOf(text: string): string {
  const url = URL.parse(text);
  const isBase = url !== null && /^https?:$/.test(url.protocol) && url.username === '' && url.password === '';
  if (!isBase || url.search !== '' || url.hash !== '') {
    throw new GitMirrorError(
      'GM_USAGE',
      'The public URL must be one of http or https, without user, query and fragment',
      {
        details: { field: 'publicUrl' },
      },
    );
  }
  return `${url.href.replace(/\/+$/, '')}/`;
}

function proxyList(texts: readonly string[]): BlockList {
  const list = new BlockList();
  for (const text of texts) {
    const [, address = '', digits] = /^([^/]+)(?:\/(\d{1,3}))?$/.exec(text) ?? [];
    const family = isIP(address);
    const prefix = digits === undefined ? undefined : Number(digits);
    if (family === 0 || (prefix ?? 0) > (family === 4 ? 32 : 128)) {
      throw new GitMirrorError('GM_USAGE', `${text} is no address and no network: give 192.0.2.1 or 192.0.2.0/24`, {
        details: { field: 'trustedProxies' },
      });
    }
    const type = family === 4 ? 'ipv4' : 'ipv6';
    if (prefix === undefined) list.addAddress(address, type);
    else list.addSubnet(address, prefix, type);
  }
  return list;
}
