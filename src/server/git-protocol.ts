/** Longest value that is looked at; a longer one is no protocol version. */
const maxGitProtocolLength = 256;

/** `value` of a `Git-Protocol` header or of git:// when it can be one, otherwise empty. */
export function plainGitProtocol(value: string | undefined): string {
  return value !== undefined && value.length <= maxGitProtocolLength && /^[\u0020-\u007e]*$/.test(value) ? value : '';
}
