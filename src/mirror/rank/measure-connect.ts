import { connect, type Socket } from 'node:net';
import { GitMirrorError } from '../../core/error.ts';

/** What a connection took, in milliseconds. */
export interface ConnectTimes {
  /** From the name being looked up to the connection: one round trip. */
  readonly connectMs: number;
  /** From the beginning to the first byte that came by itself; only when it was waited for. */
  readonly firstByteMs?: number | undefined;
}

/**
 * Connects to a TCP port, and waits for the first byte when the protocol is one whose server speaks first, as SSH does (RFC
 * 4253, section 4.2). Nothing is sent.
 *
 * @throws GitMirrorError `GM_NETWORK`; the reason of `signal`
 */
export async function measureConnect(
  host: string,
  port: number,
  { waitsForByte, signal }: { readonly waitsForByte: boolean; readonly signal: AbortSignal },
): Promise<ConnectTimes> {
  signal.throwIfAborted();
  const beganAtMs = performance.now();
  let lookedUpAtMs = beganAtMs;
  const socket = connect({ host, port });
  const end = (): void => void socket.destroy(signal.reason as Error);
  signal.addEventListener('abort', end, { once: true });
  socket.on('lookup', () => {
    lookedUpAtMs = performance.now();
  });
  try {
    await untilEvent(socket, 'connect', host, port, signal);
    const connectMs = performance.now() - lookedUpAtMs;
    if (!waitsForByte) return { connectMs };
    await untilEvent(socket, 'data', host, port, signal);
    return { connectMs, firstByteMs: performance.now() - beganAtMs };
  } finally {
    signal.removeEventListener('abort', end);
    socket.destroy();
  }
}

function untilEvent(
  socket: Socket,
  event: 'connect' | 'data',
  host: string,
  port: number,
  signal: AbortSignal,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (what: string, cause?: Error): void => {
      if (signal.aborted) reject(signal.reason as Error);
      else reject(new GitMirrorError('GM_NETWORK', `Cannot connect to ${host}:${String(port)}: ${what}`, { cause }));
    };
    socket.once(event, () => {
      resolve();
    });
    socket.once('error', (error) => {
      fail(error.message, error);
    });
    socket.once('close', () => {
      fail('it closes the connection');
    });
  });
}
