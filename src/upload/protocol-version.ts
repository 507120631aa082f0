import { splitGitProtocol } from '../wire/mirrors/git-protocol-keys.ts';

/**
 * The protocol version to be spoken with a client that sent `gitProtocol` (git(1), `GIT_PROTOCOL`): the greatest of those
 * it names and we know, 0 when it names none. Smart HTTP puts the `# service=` section in front of the advertisement only
 * for 0 and 1.
 */
export function protocolVersionOf(gitProtocol: string): 0 | 1 | 2 {
  const keys = splitGitProtocol(gitProtocol);
  if (keys.includes('version=2')) return 2;
  return keys.includes('version=1') ? 1 : 0;
}
