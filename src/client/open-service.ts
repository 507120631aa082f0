import { GitMirrorError } from '../core/error.ts';
import type { ProtocolVersion } from '../transport/connect-options.ts';
import { connectService } from '../transport/connect.ts';
import type { EndpointRole } from '../transport/endpoint.ts';
import type { GitService, RequestBody, ServiceConnection } from '../transport/service-connection.ts';
import { AdvertisementDecoder, type Advertisement } from '../wire/advertisement.ts';
import { PacketDecoder } from '../wire/pkt-line.ts';
import { PacketReader } from './packet-reader.ts';
import { PacketTrace } from './packet-trace.ts';
import type { RemoteOptions } from './remote-options.ts';
import { serviceOptions } from './service-options.ts';

/** A service that has said what it is: its advertisement, and a way to ask. */
export interface OpenService {
  readonly connection: ServiceConnection;
  readonly advertisement: Advertisement;
  /** Sends `body`; the reader is positioned at the first packet of the answer. */
  exchange(body: RequestBody, options?: ExchangeOptions): Promise<PacketReader>;
}

/** Options of one exchange. */
interface ExchangeOptions {
  /** Ends this exchange alone. */
  readonly signal?: AbortSignal | undefined;
  /** The packets that a streamed body begins with, for the packet trace. */
  readonly head?: Uint8Array | undefined;
  /** No request follows: a remote that waits for more of this one is shown that there is none. */
  readonly isLast?: boolean | undefined;
}

/** Connects to `service` of the endpoint and reads its advertisement. The caller closes `connection`. */
export async function openService(
  options: RemoteOptions,
  service: GitService,
  role: EndpointRole,
  protocol: ProtocolVersion,
): Promise<OpenService> {
  const connection = await connectService(options.endpoint, serviceOptions(options, service, role, protocol));
  const trace =
    options.tracePacket === undefined
      ? undefined
      : new PacketTrace(options.tracePacket, service === 'git-upload-pack' ? 'fetch' : 'push');
  try {
    const reader = new PacketReader(connection.advertisement, trace);
    const advertisement = await readAdvertisement(reader, service, connection.displayUrl);
    if (connection.mode === 'stateless') await reader.release();
    return {
      connection,
      advertisement,
      async exchange(body, { signal, head, isLast = false } = {}) {
        const packets = body instanceof Uint8Array ? body : head;
        if (trace !== undefined && packets !== undefined) traceRequest(trace, packets);
        const answer = await connection.request(body, {
          compress: true,
          isLast,
          // The signal of the session has gone to the connection itself.
          ...(signal === undefined ? {} : { signal }),
        });
        return connection.mode === 'stateful' ? reader : new PacketReader(answer, trace);
      },
    };
  } catch (error) {
    await connection.close();
    throw error;
  }
}

async function readAdvertisement(reader: PacketReader, service: GitService, url: string): Promise<Advertisement> {
  const decoder = new AdvertisementDecoder({ service });
  try {
    for (;;) {
      const packet = await reader.read(`${url} was listing its refs`);
      if (decoder.push(packet)) return decoder.result();
    }
  } catch (error) {
    // What a transport throws names the URL already; what is wrong with a packet does not.
    if (!(error instanceof GitMirrorError) || error.message.includes(url)) throw error;
    throw new GitMirrorError(error.code, `Reading the advertisement of ${url} failed: ${error.message}`, {
      cause: error,
      details: { url, ...error.details },
    });
  }
}

function traceRequest(trace: PacketTrace, body: Uint8Array): void {
  const decoder = new PacketDecoder();
  decoder.push(body);
  for (let packet = decoder.next(); packet !== undefined; packet = decoder.next()) trace.sent(packet);
}
