/**
 * `userAgent` as the value of the `agent` capability, which holds no spaces and no control characters
 * (gitprotocol-capabilities, "agent").
 */
export function agentCapability(userAgent: string): string {
  return `agent=${userAgent.replace(/[^\u0021-\u007e]/g, '.')}`;
}
