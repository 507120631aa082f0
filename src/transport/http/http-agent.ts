import { Agent, buildConnector, Pool, ProxyAgent, type Dispatcher } from 'undici';
import type { ConnectOptions } from '../connect-options.ts';
import { holdWriteErrors } from './hold-write-errors.ts';
import { proxyFor, type ProxySettings } from './proxy-settings.ts';
import { readTlsSettings, type TlsSettings } from './tls-settings.ts';

/** Time for TCP and TLS to connect when the caller sets none, in milliseconds. */
const defaultConnectTimeoutMs = 30_000;

/**
 * Keep-alive connections of one endpoint, direct or through the proxy that the environment names for the origin. An
 * injected dispatcher takes the place of all of them.
 *
 * HTTP/1.1 only: one request at a time is what this needs, and an early answer to a body that is still being sent
 * reaches the caller there.
 */
export class HttpAgent {
  readonly #options: ConnectOptions;
  readonly #owned = new Map<string, Dispatcher>();
  #tls: TlsSettings | undefined;

  constructor(options: ConnectOptions) {
    this.#options = options;
  }

  /** Whether the dispatcher came from the caller, whose time-outs count then. */
  get isInjected(): boolean {
    return this.#options.dispatcher !== undefined;
  }

  /** The dispatcher for requests to the origin of `url`. Throws `GM_USAGE` or `GM_TLS` for unusable settings. */
  dispatcherFor(url: URL): Dispatcher {
    if (this.#options.dispatcher !== undefined) return this.#options.dispatcher;
    const proxy = proxyFor(url, this.#env);
    const isTls = url.protocol === 'https:' || proxy?.url.startsWith('https:') === true;
    const key = `${proxy?.url ?? 'direct'} ${isTls ? 'tls' : 'plain'}`;
    const known = this.#owned.get(key);
    if (known !== undefined) return known;
    const connect = this.#connectSettings(isTls);
    const made = proxy === undefined ? directAgent(connect) : proxyAgent(proxy, connect);
    this.#owned.set(key, made);
    return made;
  }

  /** The proxy between here and `url`, for messages. */
  proxyFor(url: URL): string | undefined {
    return this.isInjected ? undefined : proxyFor(url, this.#env)?.url;
  }

  /** Ends all connections; requests that are under way fail. An injected dispatcher is left alone. Never throws. */
  async close(): Promise<void> {
    const owned = [...this.#owned.values()];
    this.#owned.clear();
    await Promise.allSettled(owned.map((dispatcher) => dispatcher.destroy()));
  }

  get #env(): Readonly<NodeJS.ProcessEnv> {
    return this.#options.env ?? process.env;
  }

  #connectSettings(isTls: boolean): buildConnector.BuildOptions {
    const timeout = this.#options.connectTimeoutMs ?? defaultConnectTimeoutMs;
    if (!isTls) return { timeout, allowH2: false };
    this.#tls ??= readTlsSettings({
      env: this.#env,
      caFile: this.#options.caFile,
      skipTlsVerify: this.#options.auth?.skipTlsVerify,
    });
    const { rejectUnauthorized, secureContext } = this.#tls;
    return { timeout, allowH2: false, rejectUnauthorized, ...(secureContext === undefined ? {} : { secureContext }) };
  }
}

function directAgent(connect: buildConnector.BuildOptions): Agent {
  return new Agent({
    connect: keepReading(buildConnector(connect)),
    allowH2: false,
    headersTimeout: 0,
    bodyTimeout: 0,
  });
}

function proxyAgent(proxy: ProxySettings, connect: buildConnector.BuildOptions): ProxyAgent {
  const { timeout, ...tls } = connect;
  return new ProxyAgent({
    uri: proxy.url,
    ...(proxy.authorization === undefined ? {} : { token: proxy.authorization }),
    connectTimeout: timeout ?? defaultConnectTimeoutMs,
    requestTls: tls,
    proxyTls: tls,
    allowH2: false,
    // The pool that carries requests, once the proxy or the tunnel through it is connected.
    factory: (origin, given) => {
      const options = given as Pool.Options;
      const { connect: inner } = options;
      return new Pool(origin, {
        ...options,
        ...(typeof inner === 'function' ? { connect: keepReading(inner) } : {}),
        allowH2: false,
        headersTimeout: 0,
        bodyTimeout: 0,
      });
    },
    // The pool whose connections become tunnels; its only answers are those to CONNECT.
    clientFactory: (origin, given) =>
      new Pool(origin, { ...(given as Pool.Options), headersTimeout: timeout ?? defaultConnectTimeoutMs }),
  });
}

function keepReading(connector: buildConnector.connector): buildConnector.connector {
  return (options, callback) => {
    connector(options, (...result) => {
      if (result[0] === null) holdWriteErrors(result[1]);
      callback(...result);
    });
  };
}
