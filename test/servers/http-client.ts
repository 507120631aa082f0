import type { ConnectOptions } from '../../src/transport/connect-options.ts';
import { connectHttp } from '../../src/transport/http/connect-http.ts';
import type { ServiceConnection } from '../../src/transport/service-connection.ts';
import { GitMirrorError } from '../../src/core/error.ts';

/** Connects to `url` for reading, with nothing taken from the environment of whoever runs the tests. */
export function connectTo(url: string, extra: Partial<ConnectOptions> = {}): Promise<ServiceConnection> {
  return connectHttp({ url: new URL(url) }, httpOptions(extra));
}

/** Options as {@link connectTo} uses them. */
export function httpOptions(extra: Partial<ConnectOptions> = {}): ConnectOptions {
  const service = extra.service ?? 'git-upload-pack';
  const role = service === 'git-upload-pack' ? 'source' : 'target';
  return { service, protocol: 2, role, userAgent: 'git-mirror/test', env: {}, ...extra };
}

/** All bytes of a stream. */
export async function readAll(stream: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** One pkt-line of text. */
export function pktLine(text: string): string {
  return (text.length + 4).toString(16).padStart(4, '0') + text;
}

/** The error that `work` fails with, which must be one of this package. */
export async function failureOf(work: Promise<unknown>): Promise<GitMirrorError> {
  try {
    await work;
  } catch (error) {
    if (error instanceof GitMirrorError) return error;
    throw error;
  }
  throw new Error('it did not fail');
}

/** A promise and its resolver. */
export function signalOf(): { readonly promise: Promise<void>; readonly resolve: () => void } {
  return Promise.withResolvers<undefined>() as unknown as { promise: Promise<void>; resolve: () => void };
}
