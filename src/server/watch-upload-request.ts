import { constants, gunzipSync } from 'node:zlib';
import type { ByteStream } from '../core/byte-stream.ts';
import { concatBytes } from '../core/bytes.ts';
import { isGitMirrorError } from '../core/error.ts';
import type { UploadFacts, UploadObserver } from '../upload/upload-observer.ts';
import { PacketDecoder, textOf } from '../wire/pkt-line.ts';
import { isGzip } from './inflate-body.ts';
import { protocolVersionOf } from '../upload/protocol-version.ts';

/** Bytes of the body, as sent, that are looked at, and what they may become when they are compressed. */
const maxLookedAt = 16 * 1024;
const maxInflated = 256 * 1024;

/** A request to upload-pack whose body is only passed on. */
export interface PassedRequest {
  readonly body: ByteStream;
  readonly contentEncoding: string | undefined;
  readonly gitProtocol: string;
  readonly observer: UploadObserver;
}

/**
 * The body untouched; what its beginning says of the request (command, filter, number of wants seen there) is told to the
 * observer when as much of it has gone by. For requests that another program understands.
 */
export async function* watchUploadRequest(request: PassedRequest): AsyncGenerator<Uint8Array, void, void> {
  const start: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of request.body) {
    const isNews = length < maxLookedAt;
    if (isNews) start.push(chunk.slice(0, maxLookedAt - length));
    length += chunk.length;
    if (isNews && length >= maxLookedAt) request.observer.facts(factsOf(concatBytes(start), request));
    yield chunk;
  }
  if (length < maxLookedAt) request.observer.facts(factsOf(concatBytes(start), request));
}

function factsOf(start: Uint8Array, { contentEncoding, gitProtocol }: PassedRequest): UploadFacts {
  const protocol = protocolVersionOf(gitProtocol);
  let command = protocol === 2 ? undefined : 'fetch';
  let filter = 'none';
  let agent: string | undefined;
  for (const line of linesOf(isGzip(contentEncoding) ? inflateStart(start) : start)) {
    if (protocol === 2) command = /^command=([a-z-]{1,40})$/.exec(line)?.[1] ?? command;
    agent = /(?:^| )agent=(\S+)/.exec(line)?.[1] ?? agent;
    const spec = /^filter ([a-z:]+)/.exec(line)?.[1];
    if (spec !== undefined) filter = filterKindOf(spec);
  }
  return {
    protocol,
    filter,
    ...(command === undefined ? {} : { command }),
    ...(agent === undefined ? {} : { agent }),
  };
}

/** `blob:limit=1k` is of the kind `blob:limit`, `tree:0` of the kind `tree`. */
function filterKindOf(spec: string): string {
  return spec.startsWith('tree:') ? 'tree' : spec.replace(/:$/, '');
}

/** Lines up to the first byte that is no pkt-line, or the end. */
function linesOf(bytes: Uint8Array): readonly string[] {
  const decoder = new PacketDecoder();
  decoder.push(bytes);
  const lines: string[] = [];
  try {
    for (let packet = decoder.next(); packet !== undefined; packet = decoder.next()) {
      if (packet.type === 'data') lines.push(textOf(packet.payload));
    }
  } catch (error) {
    if (!isGitMirrorError(error)) throw error;
  }
  return lines;
}

function inflateStart(bytes: Uint8Array): Uint8Array {
  try {
    return gunzipSync(bytes, { finishFlush: constants.Z_SYNC_FLUSH, maxOutputLength: maxInflated });
  } catch {
    // No gzip, or one that becomes very much: git will say.
    return new Uint8Array(0);
  }
}
