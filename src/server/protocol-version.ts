/** Longest value that is looked at; a longer one is no protocol version. */
const maxGitProtocolLength = 256;

/** `value` of a `Git-Protocol` header or of git:// when it can be one, otherwise empty. */
export function plainGitProtocol(value: string | undefined): string {
  return value !== undefined && value.length <= maxGitProtocolLength && /^[\u0020-\u007e]*$/.test(value) ? value : '';
}

/** The highest version that `gitProtocol` names and git knows (gitprotocol-v2, "HTTP Transport"); 0 without one. */
export function protocolVersionOf(gitProtocol: string): 0 | 1 | 2 {
  let highest: 0 | 1 | 2 = 0;
  for (const key of gitProtocol.split(':')) {
    if (key === 'version=2') return 2;
    if (key === 'version=1') highest = 1;
  }
  return highest;
}
