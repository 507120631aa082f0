import type { GitConfig } from '../../repository/git-config.ts';
import { displayUrl } from '../../transport/display-url.ts';
import { repositoryKey } from '../../transport/repository-key.ts';

/** Remotes of one repository that are looked at. */
const maxRemotes = 20;

/**
 * The URLs of the repository that this one is a copy of, credentials removed: what a node wrote into its copy
 * (`git-mirror.upstream`), then `remote.origin.url`, then the other remotes. Paths of this machine are left out.
 */
export function copiedUrls(config: GitConfig): readonly string[] {
  const remotes = config.subsections('remote').slice(0, maxRemotes);
  const names = [...remotes.filter((name) => name === 'origin'), ...remotes.filter((name) => name !== 'origin')];
  const urls = [config.get('git-mirror.upstream'), ...names.map((name) => config.getAll(`remote.${name}.url`)[0])];
  const shown = urls.filter((url) => url !== undefined && repositoryKey(url) !== undefined);
  return [...new Set(shown.map((url) => displayUrl(url ?? '')))];
}
