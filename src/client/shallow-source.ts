import { GitMirrorError } from '../core/error.ts';

/** The error for a source whose history is cut off. */
export function shallowSourceError(url: string): GitMirrorError {
  return new GitMirrorError(
    'GM_PROTOCOL',
    `${url} is a shallow repository: its history is cut off and cannot be copied whole. Run 'git fetch --unshallow' there first.`,
    { details: { url } },
  );
}
