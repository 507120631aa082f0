import type { ChildGit } from './child-git.ts';
import type { Origin } from './origin-arguments.ts';

const remoteKeys: ReadonlySet<string> = new Set([
  'proxy',
  'proxyauthmethod',
  'uploadpack',
  'receivepack',
  'serveroption',
]);
const rewriteKeys: ReadonlySet<string> = new Set(['insteadof', 'pushinsteadof']);

/** A rule `url.<base>.insteadOf = <prefix>` of git-config(1). */
interface RewriteRule {
  readonly base: string;
  readonly prefix: string;
  readonly isForPush: boolean;
}

/**
 * How git's own transports reach what `url` names, with the settings of the remote `name`. Rules that rewrite URLs to
 * `mirror::` ones have brought us here and count no more; those of the user's others do.
 *
 * @param name - first argument of the helper: the name of a remote, or a URL
 * @param url - second argument, without `mirror::`
 */
export async function findOrigin(git: ChildGit, name: string, url: string): Promise<Origin> {
  const { stdout } = await git.run(['config', '-z', '--get-regexp', '^(remote|url)\\.']);
  const settings: [string, string][] = [];
  const rules: RewriteRule[] = [];
  for (const entry of stdout.split('\0')) {
    const end = entry.indexOf('\n');
    const [, section, subsection = '', key = ''] = /^(remote|url)\.(.*)\.([^.]*)$/s.exec(entry.slice(0, end)) ?? [];
    if (end < 0) continue;
    const value = asText(entry.slice(end + 1));
    if (section === 'remote' && asText(subsection) === name && remoteKeys.has(key)) settings.push([key, value]);
    if (section === 'url' && rewriteKeys.has(key)) {
      rules.push({ base: asText(subsection), prefix: value, isForPush: key === 'pushinsteadof' });
    }
  }
  if (!rules.some(({ base }) => base.startsWith('mirror::'))) return { url, pushUrl: undefined, settings, rules: [] };
  const others = rules.filter(({ base }) => !base.startsWith('mirror::'));
  const fetchUrl = rewrite(url, others, false) ?? url;
  const pushUrl = rewrite(url, others, true) ?? fetchUrl;
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

/** What the rule with the longest prefix makes of `url`. */
function rewrite(url: string, rules: readonly RewriteRule[], isForPush: boolean): string | undefined {
  let best: RewriteRule | undefined;
  for (const rule of rules) {
    if (rule.isForPush !== isForPush || !url.startsWith(rule.prefix)) continue;
    if (best === undefined || rule.prefix.length > best.prefix.length) best = rule;
  }
  return best === undefined ? undefined : best.base + url.slice(best.prefix.length);
}

function asText(bytes: string): string {
  return Buffer.from(bytes, 'latin1').toString('utf8');
}
