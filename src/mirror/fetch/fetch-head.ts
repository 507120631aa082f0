import type { MappedRef } from './ref-map.ts';

const kinds = [
  ['refs/heads/', 'branch '],
  ['refs/tags/', 'tag '],
  ['refs/remotes/', 'remote-tracking branch '],
] as const;

/**
 * What git fetch writes into FETCH_HEAD: what is to be merged comes first (git-fetch(1), "OUTPUT"; git-fmt-merge-msg(1)
 * reads it).
 *
 * @param url - of the remote, as git uses it
 */
export function encodeFetchHead(refs: readonly MappedRef[], url: string): string {
  const shown = shownUrl(url);
  const inOrder = [...refs.filter(({ isForMerge }) => isForMerge), ...refs.filter(({ isForMerge }) => !isForMerge)];
  return inOrder
    .map(({ name, oid, isForMerge }) => {
      const [prefix, kind] = kinds.find(([start]) => name.startsWith(start)) ?? ['', ''];
      const note = `${kind}'${name.slice(prefix.length)}' of `;
      return `${oid}\t${isForMerge ? '' : 'not-for-merge'}\t${note}${shown}\n`;
    })
    .join('');
}

/** Without who asks, slashes at the end and `.git`. */
function shownUrl(url: string): string {
  const anonymous = /^[a-z0-9+.-]+:\/\//i.test(url)
    ? url.replace(/^([a-z0-9+.-]+:\/\/)[^/@]*@/i, '$1')
    : url.replace(/^[^/@:]*@(?=[^/]*:)/, '');
  const trimmed = anonymous.replace(/\/+$/, '');
  return (trimmed.length > 5 ? trimmed.replace(/\.git$/, '') : trimmed).replaceAll('\n', '\\n');
}
