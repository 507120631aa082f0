/** Longest value that is looked at: a URL of 2048 characters, each written as three, and more. */
const maxGitProtocolLength = 8192;

/** `value` of a `Git-Protocol` header or of git:// when it can be one, otherwise empty. */
export function plainGitProtocol(value: string | undefined): string {
  return value !== undefined && value.length <= maxGitProtocolLength && /^[\u0020-\u007e]*$/.test(value) ? value : '';
}
