import type { GitSettings } from '../settings/git-settings.ts';
import type { FetchCommand } from './fetch-options.ts';

/** Which remotes of the configuration a `git fetch` asks. Empty when there is none such, or when it is up to git. */
export function remotesOf(
  { repository, refspecs, isMultiple, all }: FetchCommand,
  settings: GitSettings,
  branch: string | undefined,
): readonly string[] {
  const remotes = settings.subsections('remote', 'url');
  const isAll = all ?? (repository === undefined && settings.boolean('fetch.all') === true);
  if (isAll) return remotes.filter((remote) => settings.boolean(`remote.${remote}.skipfetchall`) !== true);
  if (repository === undefined) {
    const name = defaultRemote(settings, remotes, branch);
    return remotes.includes(name) ? [name] : [];
  }
  const named = isMultiple ? [repository, ...refspecs] : [repository];
  return named.flatMap((name) => {
    const group = settings.all(`remotes.${name.toLowerCase()}`).flatMap((value) => value.split(/\s+/));
    return group.length > 0 ? group.filter((member) => remotes.includes(member)) : remotes.includes(name) ? [name] : [];
  });
}

function defaultRemote(settings: GitSettings, remotes: readonly string[], branch: string | undefined): string {
  const configured = branch === undefined ? undefined : settings.last(`branch.${branch}.remote`);
  return configured ?? (remotes.length === 1 ? remotes.join('') : 'origin');
}
