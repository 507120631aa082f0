import { GitMirrorError } from '../../core/error.ts';
import type { GitConfig } from '../../repository/git-config.ts';
import type { PreferMirrors } from '../../wire/mirrors/mirror-list.ts';
import { isListedUrl } from '../../wire/mirrors/mirror-fields.ts';
import { repositoryKey } from './repository-key.ts';
import { isElsewhere } from './repository-urls.ts';
import type { RegisteredMirror } from './mirror-service.ts';
import type { MirrorPolicy } from './policy/order-by-policy.ts';

/** What a repository's configuration says of its mirrors (docs/serve.md, "Mirrors"). */
export interface MirrorSettings {
  /** `mirror.canonicalUrl`, the best first; empty without any. */
  readonly canonical: readonly string[];
  /** `mirror.mirrorUrl`, in the order of the configuration. */
  readonly mirrors: readonly RegisteredMirror[];
  /** Places in `mirrors`, by `repositoryKey`. */
  readonly placeOf: ReadonlyMap<string, number>;
  /** `mirror.preferMirrors` */
  readonly prefer: PreferMirrors;
  /** `mirror.policy` */
  readonly policy: MirrorPolicy;
  /** `mirror.limit`: mirrors in one answer. */
  readonly limit: number;
  /** `mirror.notify` */
  readonly takesNotices: boolean;
  /** `mirror.notifyHost` */
  readonly notifyHosts: readonly string[];
  /** `mirror.steer` */
  readonly steers: boolean;
  /** `mirror.trustDomain` */
  readonly trustDomains: readonly string[];
}

const defaultLimit = 10;
const maxLimit = 1000;
/** URLs that may be called canonical; more help nobody. */
const maxCanonical = 100;
const configurableSchemes = /^(?:https?|git|ssh):\/\//i;

/** Whether mirrors are spoken of at all (`mirror.advertise`). @throws GitMirrorError `GM_CORRUPT` when that is no boolean */
export function advertisesMirrors(config: GitConfig): boolean {
  return config.getBoolean('mirror.advertise') ?? false;
}

/** @throws GitMirrorError `GM_CORRUPT` for a value that makes no sense */
export function readMirrorSettings(config: GitConfig): MirrorSettings {
  const canonical = config.getAll('mirror.canonicalurl').slice(0, maxCanonical);
  for (const url of canonical)
    if (!isListedUrl(url) || !isElsewhere(url)) throw bad('mirror.canonicalUrl', url, 'no URL of a repository');
  const limit = config.getInteger('mirror.limit') ?? defaultLimit;
  if (limit < 1 || limit > maxLimit) throw bad('mirror.limit', String(limit), `not between 1 and ${String(maxLimit)}`);
  const mirrors = config.getAll('mirror.mirrorurl').map(parseMirror);
  return {
    canonical,
    mirrors,
    placeOf: new Map(mirrors.map(({ url }, index) => [repositoryKey(url) ?? url, index])),
    prefer: preferenceOf(config.get('mirror.prefermirrors') ?? 'now'),
    policy: policyOf(config.get('mirror.policy') ?? 'fixed'),
    limit,
    takesNotices: config.getBoolean('mirror.notify') ?? false,
    notifyHosts: config.getAll('mirror.notifyhost'),
    steers: config.getBoolean('mirror.steer') ?? false,
    trustDomains: config.getAll('mirror.trustdomain'),
  };
}

/** `<url> [region=<code>] [stratum=<n>]` */
function parseMirror(value: string): RegisteredMirror {
  const [url = '', ...attributes] = value.trim().split(/\s+/);
  if (!isListedUrl(url) || !configurableSchemes.test(url) || !isElsewhere(url))
    throw bad('mirror.mirrorUrl', value, 'no URL with http, https, git or ssh');
  let mirror: RegisteredMirror = { url };
  for (const attribute of attributes) {
    const [, region, stratum] = /^(?:region=([A-Z]{2}(?:-[A-Z0-9]{1,3})?)|stratum=(\d{1,2}))$/i.exec(attribute) ?? [];
    if (region !== undefined) mirror = { ...mirror, region: region.toUpperCase() };
    else if (stratum !== undefined) mirror = { ...mirror, stratum: Number(stratum) };
    else throw bad('mirror.mirrorUrl', value, 'not of the form "URL region=DE stratum=1"');
  }
  return mirror;
}

function preferenceOf(value: string): PreferMirrors {
  const word = value.toLowerCase();
  if (word === 'now' || word === 'always' || word === 'never') return word;
  throw bad('mirror.preferMirrors', value, 'none of now, always and never');
}

/** `ranked` is a policy of clients (docs/mirror.md), which read the same key: here it says nothing. */
function policyOf(value: string): MirrorPolicy {
  const word = value.toLowerCase();
  if (word === 'ranked') return 'fixed';
  if (word === 'fixed' || word === 'random' || word === 'geoip') return word;
  throw bad('mirror.policy', value, 'none of fixed, random and geoip');
}

function bad(key: string, value: string, why: string): GitMirrorError {
  return new GitMirrorError('GM_CORRUPT', `bad value '${value}' for '${key}': it is ${why}`, { details: { key } });
}
