import { GitMirrorError } from '../core/error.ts';
import type { HiddenRefs } from '../repository/refs/hidden-refs.ts';
import { readHiddenRefs } from '../repository/refs/hidden-refs.ts';
import { NamespacedRefs, namespacePrefix } from '../repository/refs/namespaced-refs.ts';
import { RemoteRefs } from '../repository/refs/remote-refs.ts';
import { ReversedRefspecs } from '../repository/refs/reversed-refspecs.ts';
import type { RefStore } from '../repository/ref-store.ts';
import type { Repository } from '../repository/repository.ts';
import { displayUrl } from '../transport/display-url.ts';
import { comparableUrl } from '../wire/mirrors/comparable-url.ts';
import { ServedRefs } from './served-refs.ts';

/** How a repository is asked for. */
export interface AskedRefs {
  /** `GIT_NAMESPACE` of the server, empty for none. */
  readonly namespace: string;
  /** What the client calls the repository (key `url` of `Git-Protocol`); undefined: by its path. */
  readonly url: string | undefined;
  /** Those of the repository, when they have been read already. */
  readonly hidden?: HiddenRefs | undefined;
}

/** The refs that are shown to who asks so. */
export type RefsView =
  | {
      readonly kind: 'served';
      readonly refs: ServedRefs;
      /** The remote whose refs they are; undefined: the repository's own. */
      readonly remote: string | undefined;
      /** The same, hidden ones too: for what git looks up without a thought to who asks (`deepen-not`). */
      readonly stored: RefStore;
    }
  /** The repository is no copy of what was asked for. These are what it could be asked for by, credentials removed. */
  | { readonly kind: 'unknown'; readonly valid: readonly string[] };

/** URLs that are named when another one was asked for. */
const maxValid = 20;
const networkUrl = /^(?:https?|git|ssh):\/\/[^/]/;

/**
 * The refs of a repository as they are shown to who asks for it by `url` (row M6, docs/mirror-protocol.md, "url="): its own,
 * or what it knows of the refs of that remote. `mirror.serveRemote` has one remote's shown to everybody.
 *
 * @throws GitMirrorError `GM_CORRUPT` for settings that make no sense; `GM_USAGE` for a namespace that is none
 */
export function viewRefs(repository: Pick<Repository, 'config' | 'refs' | 'isBare'>, asked: AskedRefs): RefsView {
  const { config } = repository;
  const hidden = asked.hidden ?? readHiddenRefs(config);
  const own = new NamespacedRefs(repository.refs, namespacePrefix(asked.namespace));
  const show = (remote: string, refspecs: ReversedRefspecs | 'whole'): RefsView => {
    if (refspecs === 'whole')
      return { kind: 'served', refs: new ServedRefs(own, hidden), remote: undefined, stored: own };
    const refs = new RemoteRefs(own, refspecs);
    return { kind: 'served', refs: new ServedRefs(own, hidden, refs), remote, stored: refs };
  };
  const key = asked.url === undefined ? undefined : comparableUrl(asked.url);
  const isKnown = (urls: readonly string[]): boolean => urls.some((url) => comparableUrl(url) === key);
  const ownUrls = [...config.getAll('mirror.canonicalurl'), ...config.getAll('git-mirror.upstream')];
  const served = config.get('mirror.serveremote');
  if (served !== undefined) {
    const refspecs = ReversedRefspecs.read(repository, served);
    if (refspecs === undefined) throw badServeRemote(served);
    const urls = [...config.getAll(`remote.${served}.url`), ...ownUrls];
    return asked.url === undefined || isKnown(urls)
      ? show(served, refspecs)
      : { kind: 'unknown', valid: shownUrls(urls) };
  }
  if (asked.url === undefined || isKnown(ownUrls)) {
    return { kind: 'served', refs: new ServedRefs(own, hidden), remote: undefined, stored: repository.refs };
  }
  const valid = [...ownUrls];
  for (const remote of config.subsections('remote')) {
    const refspecs = ReversedRefspecs.read(repository, remote);
    if (refspecs === undefined) continue;
    const urls = config.getAll(`remote.${remote}.url`);
    if (isKnown(urls)) return show(remote, refspecs);
    valid.push(...urls);
  }
  return { kind: 'unknown', valid: shownUrls(valid) };
}

/** Paths of this machine are nobody's business. */
function shownUrls(urls: readonly string[]): readonly string[] {
  const known = urls.filter((url) => networkUrl.test(comparableUrl(url)));
  return [...new Set(known.map((url) => displayUrl(url)))].slice(0, maxValid);
}

function badServeRemote(remote: string): GitMirrorError {
  return new GitMirrorError(
    'GM_CORRUPT',
    `bad value '${remote}' for 'mirror.serveRemote': no remote of that name keeps all branches ` +
      `(remote.${remote}.fetch should be +refs/heads/*:refs/remotes/${remote}/*)`,
    { details: { key: 'mirror.serveRemote' } },
  );
}
