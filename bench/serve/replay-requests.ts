import { Agent, request as httpRequest } from 'node:http';
import { PackCheck } from './pack-check.ts';
import type { RecordedRequest } from './record-requests.ts';

/** What the client saw of one conversation. */
export interface ReplayTimes {
  /** From the beginning to the end of the advertisement. */
  readonly handshakeMs: number;
  /** From the end of the advertisement to the first byte of the pack: refs, negotiation, and the beginning of the work. */
  readonly negotiationMs: number;
  /** From the last request to the first byte of its answer's pack. */
  readonly firstByteMs: number;
  readonly wallMs: number;
  readonly packBytes: number;
}

/** Sends recorded requests again, each after the answer to the one before, and throws the answers away. */
export async function replayRequests(port: number, requests: readonly RecordedRequest[]): Promise<ReplayTimes> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const isLong = requests.some(({ body }) => body.includes('object-format=sha256'));
  const startedAt = performance.now();
  let [handshakeEnd, packStart, lastStart, packBytes] = [startedAt, Number.NaN, startedAt, 0];
  try {
    for (const [index, request] of requests.entries()) {
      lastStart = performance.now();
      const check = new PackCheck(isLong ? 'sha256' : 'sha1');
      await send(agent, port, request, (chunk) => {
        if (request.method === 'POST') check.push(chunk);
        if (check.hasPack && Number.isNaN(packStart)) packStart = performance.now();
      });
      check.finish();
      packBytes += check.packBytes;
      if (index === 0) handshakeEnd = performance.now();
    }
  } finally {
    agent.destroy();
  }
  return {
    handshakeMs: handshakeEnd - startedAt,
    negotiationMs: packStart - handshakeEnd,
    firstByteMs: packStart - lastStart,
    wallMs: performance.now() - startedAt,
    packBytes,
  };
}

function send(
  agent: Agent,
  port: number,
  { method, target, headers, body }: RecordedRequest,
  onData: (chunk: Buffer) => void,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const length = method === 'POST' ? { 'content-length': String(body.length) } : {};
    const request = httpRequest(
      { agent, host: '127.0.0.1', port, method, path: target, headers: { ...headers, ...length } },
      (response) => {
        if (response.statusCode !== 200) {
          reject(new Error(`${method} ${target} was answered with ${response.statusCode ?? 0}`));
          response.resume();
          return;
        }
        response.on('data', (chunk: Buffer) => {
          try {
            onData(chunk);
          } catch (error) {
            reject(error instanceof Error ? error : new Error(String(error)));
          }
        });
        response.on('end', resolve);
        response.on('error', reject);
      },
    );
    request.on('error', reject);
    request.end(body);
  });
}
