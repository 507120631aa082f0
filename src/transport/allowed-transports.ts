import { GitMirrorError } from '../core/error.ts';

const alwaysAllowed = new Set(['http', 'https', 'git', 'ssh']);
/** Helpers that run any command or take over any file descriptor that an address names. */
const neverAllowed = new Set(['ext', 'fd']);

/**
 * Refuses a transport that the environment does not allow (git(1), `GIT_ALLOW_PROTOCOL` and `GIT_PROTOCOL_FROM_USER`;
 * git-config(1), `protocol.allow`, for the defaults). `name` is `file`, `git`, `ssh`, `http`, `https` or the name of a
 * remote helper. `ext` and `fd` are refused unless listed. Throws `GM_USAGE`.
 */
export function assertTransportAllowed(name: string, env: Readonly<NodeJS.ProcessEnv>): void {
  const list = env['GIT_ALLOW_PROTOCOL'];
  if (list !== undefined) {
    if (list.split(':').includes(name)) return;
    throw new GitMirrorError('GM_USAGE', `The transport ${name} is not allowed: GIT_ALLOW_PROTOCOL does not list it`);
  }
  if (neverAllowed.has(name)) {
    throw new GitMirrorError(
      'GM_USAGE',
      `The transport ${name} can run any command and is not allowed: to use it, list it in GIT_ALLOW_PROTOCOL, separated by colons`,
    );
  }
  if (alwaysAllowed.has(name) || !isFalse(env['GIT_PROTOCOL_FROM_USER'])) return;
  throw new GitMirrorError(
    'GM_USAGE',
    `The transport ${name} is only for URLs that a user typed, and GIT_PROTOCOL_FROM_USER says that this is none`,
  );
}

function isFalse(value: string | undefined): boolean {
  return value !== undefined && /^(?:0|false|no|off|)$/i.test(value);
}
