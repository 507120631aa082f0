/** Words of `git push --porcelain` that git's transports have other words for. */
const reasons: ReadonlyMap<string, string> = new Map([['non-fast-forward', 'non-fast forward']]);

/**
 * The answers to a batch of pushes, from what `git push --porcelain` printed: `ok <ref>` or `error <ref> <why>` for each
 * (gitremote-helpers(7), `push`). Lines that are no status of a ref are left out.
 */
export function pushReport(porcelain: string): readonly string[] {
  return porcelain.split('\n').flatMap((line) => {
    const [flag = '', names = '', summary = ''] = line.split('\t');
    const ref = names.slice(names.indexOf(':') + 1);
    if (flag.length !== 1 || ref === '') return [];
    if (flag === '=') return [`error ${ref} up to date`];
    if (flag !== '!') return [`ok ${ref}`];
    const reason = /\((.*)\)$/s.exec(summary)?.[1] ?? summary;
    return [`error ${ref} ${reasons.get(reason) ?? reason}`];
  });
}
