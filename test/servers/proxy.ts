import { requireUser, runApache } from './apache.ts';

/** A running forward proxy. */
export interface ForwardProxy {
  /** `http://127.0.0.1:<port>`. */
  readonly url: string;
  /** Requests that went through: `CONNECT 127.0.0.1:4443 HTTP/1.1 200 -`. A tunnel is logged when it ends. */
  accessLog(pattern?: RegExp): Promise<string[]>;
  close(): Promise<void>;
}

/** Starts Apache as a forward proxy for http (absolute URLs) and for anything else (CONNECT), on a loopback port. */
export async function startForwardProxy(basicAuth?: {
  readonly username: string;
  readonly password: string;
}): Promise<ForwardProxy> {
  const { port, accessLog, close } = await runApache(
    ['proxy', 'proxy_http', 'proxy_connect'],
    (directory) =>
      [
        'ProxyRequests On',
        'ProxyVia Off',
        'AllowCONNECT 1-65535',
        '<Proxy "*">',
        ...(basicAuth === undefined ? ['Require all granted'] : requireUser(directory)),
        '</Proxy>',
      ].join('\n'),
    basicAuth,
  );
  return { url: `http://127.0.0.1:${port}`, accessLog, close };
}
