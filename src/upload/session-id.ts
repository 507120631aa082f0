import { createHash, randomBytes } from 'node:crypto';
import { hostname } from 'node:os';

const hostPart = createHash('sha1').update(hostname()).digest('hex').slice(0, 8);

/**
 * A new session id in the form git's have (gitprotocol-v2, "session-id"): time, host, and in the place of the process
 * something that tells the exchanges of one process apart.
 */
export function newSessionId(now: Date = new Date()): string {
  const time = now.toISOString().replaceAll(/[-:]/g, '').replace('Z', '000Z');
  return `${time}-H${hostPart}-P${randomBytes(4).toString('hex')}`;
}
