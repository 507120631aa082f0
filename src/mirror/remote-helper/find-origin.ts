import type { GitSettings } from '../settings/git-settings.ts';
import type { Origin } from './origin-arguments.ts';

/** Keys of `remote.<name>` that say how git's own transports reach it. */
const remoteKeys = ['proxy', 'proxyauthmethod', 'uploadpack', 'receivepack', 'serveroption'] as const;

/** A rule `url.<base>.insteadOf = <prefix>` of git-config(1). */
interface RewriteRule {
  readonly base: string;
  readonly prefix: string;
}

/**
 * How git's own transports reach what `url` names, with the settings of the remote `name`. Rules that rewrite URLs to
 * `mirror::` ones have brought us here and count no more; those of the user's others do.
 *
 * @param name - first argument of the helper: the name of a remote, or a URL
 * @param url - second argument, without `mirror::`
 */
export function findOrigin(configuration: GitSettings, name: string, url: string): Origin {
  const settings = remoteKeys.flatMap((key) =>
    configuration.list(`remote.${name}.${key}`).map((value) => [key, value] as const),
  );
  const fetchRules = rulesOf(configuration, 'insteadof');
  const pushRules = rulesOf(configuration, 'pushinsteadof');
  if (![...fetchRules, ...pushRules].some(leadsToUs)) return { url, pushUrl: undefined, settings, rules: [] };
  const fetchUrl = rewrite(url, fetchRules) ?? url;
  const pushUrl = rewrite(url, pushRules) ?? fetchUrl;
  return {
    url: fetchUrl,
    pushUrl: pushUrl === fetchUrl ? undefined : pushUrl,
    settings,
    // Nothing is longer than the whole URL, so that these win over all others.
    rules: [...new Set([fetchUrl, pushUrl])].flatMap((whole) => [
      [`url.${whole}.insteadOf`, whole] as const,
      [`url.${whole}.pushInsteadOf`, whole] as const,
    ]),
  };
}

function rulesOf(configuration: GitSettings, key: string): readonly RewriteRule[] {
  return configuration
    .subsections('url', key)
    .flatMap((base) => configuration.all(`url.${base}.${key}`).map((prefix) => ({ base, prefix })));
}

function leadsToUs({ base }: RewriteRule): boolean {
  return base.startsWith('mirror::');
}

/** What the rule with the longest prefix makes of `url`. */
function rewrite(url: string, rules: readonly RewriteRule[]): string | undefined {
  let best: RewriteRule | undefined;
  for (const rule of rules) {
    if (leadsToUs(rule) || !url.startsWith(rule.prefix)) continue;
    if (best === undefined || rule.prefix.length > best.prefix.length) best = rule;
  }
  return best === undefined ? undefined : best.base + url.slice(best.prefix.length);
}
