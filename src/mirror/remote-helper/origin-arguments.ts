/** Name that the origin has for a git under ours: no configuration but ours knows it, so nothing leads back to us. */
const originName = 'git-mirror-origin';

/** How the origin is reached. */
export interface Origin {
  /** As git takes it, without `mirror::`. */
  readonly url: string;
  /** Where pushes go when that is somewhere else. */
  readonly pushUrl: string | undefined;
  /** Values of `remote.<name>.<key>` that say how it is reached. */
  readonly settings: readonly (readonly [key: string, value: string])[];
  /** Whole names and values of what keeps the URLs from being rewritten. */
  readonly rules: readonly (readonly [key: string, value: string])[];
}

/**
 * Arguments before the git command, and the name of the remote behind it, that make it speak to the origin itself.
 *
 * @param more - keys below `remote.<name>` beside those of the origin
 */
export function originArguments(
  { url, pushUrl, settings, rules }: Origin,
  more: readonly (readonly [key: string, value: string])[] = [],
): { readonly config: readonly string[]; readonly remote: string } {
  const push = pushUrl === undefined ? [] : [['pushurl', pushUrl] as const];
  const ofRemote = [['url', url], ['followRemoteHEAD', 'never'], ...push, ...settings, ...more] as const;
  const all = [...ofRemote.map(([key, value]) => [`remote.${originName}.${key}`, value] as const), ...rules];
  return { config: all.flatMap(([key, value]) => ['-c', `${key}=${value}`]), remote: originName };
}
