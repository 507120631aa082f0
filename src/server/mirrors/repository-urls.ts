import { isGitMirrorError } from '../../core/error.ts';
import type { GitConfig } from '../../repository/git-config.ts';
import { displayUrl } from '../../transport/display-url.ts';
import { parseEndpoint } from '../../transport/parse-endpoint.ts';

/** Remotes of one repository that are looked at. */
const maxRemotes = 20;

/**
 * The URLs of the repository that this one is a copy of, credentials removed: what a node wrote into its copy
 * (`git-mirror.upstream`), then `remote.origin.url`, then the other remotes. What is on this machine, or behind a remote
 * helper, is left out.
 */
export function copiedUrls(config: GitConfig): readonly string[] {
  const remotes = config.subsections('remote').slice(0, maxRemotes);
  const names = [...remotes.filter((name) => name === 'origin'), ...remotes.filter((name) => name !== 'origin')];
  const urls = [config.get('git-mirror.upstream'), ...names.map((name) => config.getAll(`remote.${name}.url`)[0])];
  return [
    ...new Set(
      urls
        .filter((url) => url !== undefined)
        .filter(isElsewhere)
        .map(displayUrl),
    ),
  ];
}

/** Whether `url` is one that others may reach: http, https, git or ssh. */
export function isElsewhere(url: string): boolean {
  try {
    const { transport } = parseEndpoint(url);
    return transport === 'http' || transport === 'git' || transport === 'ssh';
  } catch (error) {
    if (!isGitMirrorError(error)) throw error;
    return false;
  }
}
