/**
 * The folder that `git clone` makes for `repository` when none is named: the "humanish" part of its URL (git-clone(1),
 * `<directory>`). Undefined where that would be none.
 */
export function guessDirectory(repository: string, isBare: boolean): string | undefined {
  const scheme = repository.indexOf('://');
  const trimmed = (scheme < 0 ? repository : repository.slice(scheme + 3))
    .replace(/^[^/]*@/, '')
    .replace(/[/\s]+$/, '')
    .replace(/(?<=.)\/\.git$/, '')
    .replace(/\/+$/, '');
  // A host alone: its port is no name.
  const path = trimmed.includes('/') || !/:\d*$/.test(trimmed) ? trimmed : trimmed.replace(/:\d*$/, '');
  const name = path.slice(Math.max(path.lastIndexOf('/'), path.lastIndexOf(':')) + 1).replace(/\.git$/, '');
  // Blanks and controls become one blank each, as git has it.
  const plain = name.replace(/[\u0000-\u0020]+/g, ' ').trim();
  if (plain === '' || plain === '.' || plain === '..') return undefined;
  return isBare ? `${plain}.git` : plain;
}
