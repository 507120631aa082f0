import { connect, type Socket } from 'node:net';
import { GitMirrorError, messageOf } from '../core/error.ts';
import { encodePacket } from '../wire/pkt-line.ts';
import {
  cleanUpMs,
  discardRest,
  finishGraceMs,
  readerOf,
  settlesWithin,
  writerOf,
  type ByteChannel,
  type ChannelEnd,
} from './byte-channel.ts';
import type { ConnectOptions } from './connect-options.ts';
import { openConversation } from './conversation.ts';
import { gitDaemonPort, type GitDaemonEndpoint } from './parse-endpoint.ts';
import { protocolRequest } from './protocol-request.ts';
import type { GitService, ServiceConnection } from './service-connection.ts';

const defaultConnectTimeoutMs = 30_000;

/**
 * The request that opens a conversation with `git daemon` (gitprotocol-pack, "Git Transport"): service, path, host, and
 * behind a second NUL the protocol version. Throws `GM_LIMIT` for a path that does not fit.
 */
export function encodeDaemonRequest(
  service: GitService,
  endpoint: GitDaemonEndpoint,
  protocol: string | undefined,
): Uint8Array {
  const host = endpoint.host.includes(':') ? `[${endpoint.host}]` : endpoint.host;
  const port = endpoint.port === gitDaemonPort ? '' : `:${endpoint.port}`;
  const extra = protocol === undefined ? '' : `\0${protocol}\0`;
  return encodePacket(`${service} ${endpoint.path}\0host=${host}${port}\0${extra}`);
}

/**
 * Connects to `git daemon`. There is no authentication and no encryption. `displayUrl` names the remote in messages.
 * Throws what {@link openConversation} does, `GM_NETWORK` when the host cannot be reached, and `GM_TIMEOUT`.
 */
export async function connectGitDaemon(
  endpoint: GitDaemonEndpoint,
  displayUrl: string,
  options: ConnectOptions,
): Promise<ServiceConnection> {
  options.signal?.throwIfAborted();
  const request = encodeDaemonRequest(options.service, endpoint, protocolRequest(options));
  const socket = await openSocket(endpoint, displayUrl, options);
  const channel = new SocketChannel(socket, displayUrl, options.service);
  await channel.write(request);
  return openConversation(channel, displayUrl, options);
}

async function openSocket(endpoint: GitDaemonEndpoint, url: string, options: ConnectOptions): Promise<Socket> {
  const { signal, connectTimeoutMs = defaultConnectTimeoutMs } = options;
  const socket = connect({ host: endpoint.host, port: endpoint.port, keepAlive: true, noDelay: true });
  const onAbort = () => {
    socket.destroy();
  };
  let timer: NodeJS.Timeout | undefined;
  try {
    await new Promise<void>((resolve, reject) => {
      // These stay on: a promise that is settled takes no further news, and an error needs a listener.
      socket.once('connect', resolve);
      socket.on('error', reject);
      socket.once('close', () => {
        reject(new Error('closed'));
      });
      signal?.addEventListener('abort', onAbort, { once: true });
      timer = setTimeout(() => {
        reject(
          new GitMirrorError(
            'GM_TIMEOUT',
            `Connecting to ${url} took longer than ${Math.round(connectTimeoutMs / 1000)} s: check host, port and network`,
            { details: { url, connectTimeoutMs } },
          ),
        );
      }, connectTimeoutMs);
    });
    return socket;
  } catch (error) {
    socket.destroy();
    signal?.throwIfAborted();
    if (error instanceof GitMirrorError) throw error;
    throw new GitMirrorError('GM_NETWORK', `Connecting to ${url} failed: ${messageOf(error)}`, {
      cause: error,
      details: { url },
    });
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', onAbort);
  }
}

class SocketChannel implements ByteChannel {
  readonly read: () => Promise<Uint8Array | undefined>;
  readonly write: (chunk: Uint8Array) => Promise<boolean>;
  readonly #socket: Socket;
  readonly #url: string;
  readonly #service: GitService;
  readonly #closed: Promise<void>;
  #abandoned = false;

  constructor(socket: Socket, url: string, service: GitService) {
    this.#socket = socket;
    this.#url = url;
    this.#service = service;
    this.#closed = new Promise((resolve) => {
      if (socket.destroyed) resolve();
      socket.once('close', () => {
        resolve();
      });
    });
    this.read = readerOf(socket);
    this.write = writerOf(socket);
  }

  endWriting(): void {
    this.#socket.end();
  }

  explainEnd({ spoke, cause }: ChannelEnd): Promise<GitMirrorError | undefined> {
    const url = this.#url;
    if (cause === undefined && spoke) return Promise.resolve(undefined);
    const happened = spoke
      ? `the connection broke (${messageOf(cause)}): try again`
      : 'the server closed the connection without a word: does it export this repository, and is the service enabled?';
    return Promise.resolve(
      new GitMirrorError('GM_NETWORK', `Talking to ${url} failed: ${happened}`, { cause, details: { url } }),
    );
  }

  abandon(): void {
    if (this.#abandoned) return;
    this.#abandoned = true;
    if (this.#service !== 'git-receive-pack') {
      // Not resetAndDestroy(): it fails, and never closes, when the remote has hung up first.
      this.#socket.destroy();
      return;
    }
    this.#socket.end();
    void discardRest(this.read);
    void settlesWithin(this.#closed, cleanUpMs).then(() => this.#socket.destroy());
  }

  async finish(): Promise<void> {
    if (!this.#abandoned) {
      this.#socket.end();
      void discardRest(this.read).then(() => this.#socket.destroy());
    }
    await settlesWithin(this.#closed, finishGraceMs(this.#service));
    this.#socket.destroy();
  }
}
