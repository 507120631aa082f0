/** Flags that make `git clone` take the refs `wanted`, or more: names in full, or HEAD. */
export function cloneRefFlags(wanted: readonly string[]): readonly string[] {
  const names = [...new Set(wanted)].filter((name) => name !== 'HEAD');
  const shortNames = names.flatMap((name) => /^refs\/(?:heads|tags)\/(.+)$/s.exec(name)?.[1] ?? []);
  if (shortNames.length < names.length) return ['--mirror'];
  const [only] = shortNames;
  if (only === undefined) return ['--bare', '--single-branch'];
  if (names.length === 1) return ['--bare', '--single-branch', `--branch=${only}`];
  return ['--bare', ...(names.some((name) => name.startsWith('refs/tags/')) ? [] : ['--no-tags'])];
}
