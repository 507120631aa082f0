import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { ServerCertificate } from './tls.ts';

/** How a server answers a push before it has read it. */
export interface EarlyAnswerOptions {
  readonly status: number;
  readonly text: string;
  /** How much of the request it reads first, in bytes. */
  readonly readBytes: number;
  /** How it closes, right behind the answer: politely, at once, or with a reset (not over TLS). */
  readonly leave: 'end' | 'destroy' | 'reset' | 'linger';
  readonly tls?: ServerCertificate;
}

/**
 * Starts a server that advertises an empty receive-pack and answers the push before it has been sent. It runs in a
 * thread of its own: on one event loop client and server take turns, and the race this is about cannot happen.
 */
export async function startEarlyAnswerServer(
  options: EarlyAnswerOptions,
): Promise<{ readonly url: string; close(): Promise<void> }> {
  const worker = new Worker(new URL('early-answer-worker.ts', import.meta.url), { workerData: options });
  const [port] = (await once(worker, 'message')) as [number];
  return {
    url: `${options.tls === undefined ? 'http' : 'https'}://127.0.0.1:${port}`,
    async close() {
      await worker.terminate();
    },
  };
}
