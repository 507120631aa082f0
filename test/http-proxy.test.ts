import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Agent, ProxyAgent } from 'undici';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ConnectOptions } from '../src/transport/connect-options.ts';
import { startFaultyServer } from './servers/faulty.ts';
import { connectTo, failureOf, pktLine, readAll } from './servers/http-client.ts';
import { startHttpBackend, type HttpBackend } from './servers/http-backend.ts';
import { startEarlyAnswerServer } from './servers/early-answer.ts';
import { startForwardProxy, type ForwardProxy } from './servers/proxy.ts';
import { makeCertificates, type Certificates } from './servers/tls.ts';

const run = promisify(execFile);
const credentials = { username: 'proxy-user', password: 'p@ss:wörd' };
const userinfo = `${credentials.username}:${encodeURIComponent(credentials.password)}@`;

let root: string;
let certificates: Certificates;
let plain: HttpBackend;
let secure: HttpBackend;
let open: ForwardProxy;
let guarded: ForwardProxy;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'git-mirror-proxy-'));
  certificates = makeCertificates(root);
  await run('git', ['init', '-q', '--bare', join(root, 'x.git')]);
  plain = await startHttpBackend({ root });
  secure = await startHttpBackend({ root, tls: certificates.server });
  open = await startForwardProxy();
  guarded = await startForwardProxy(credentials);
});

afterAll(async () => {
  await Promise.allSettled([plain.close(), secure.close(), open.close(), guarded.close()]);
  await rm(root, { recursive: true, force: true });
});

/** Talks to the repository; resolves when a whole exchange worked. */
async function exerciseRepository(base: string, extra: Partial<ConnectOptions>): Promise<void> {
  const connection = await connectTo(`${base}/x.git`, { caFile: certificates.caFile, ...extra });
  try {
    await readAll(connection.advertisement);
    const answer = await readAll(await connection.request(Buffer.from(`${pktLine('command=ls-refs\n')}0000`)));
    expect(answer.toString()).toBe('0000');
  } finally {
    await connection.close();
  }
}

describe('a proxy from the environment', () => {
  it('gets http requests as they are', async () => {
    await exerciseRepository(plain.url, { env: { http_proxy: open.url } });
    const lines = await open.accessLog(/POST/);
    expect(lines).toContain(`GET ${plain.url}/x.git/info/refs?service=git-upload-pack HTTP/1.1 200 -`);
    expect(lines).toContain(`POST ${plain.url}/x.git/git-upload-pack HTTP/1.1 200 -`);
  });

  it.each(['https_proxy', 'HTTPS_PROXY', 'all_proxy', 'ALL_PROXY'])(
    'of %s carries https through one tunnel',
    async (name) => {
      const tunnels = async (): Promise<number> =>
        (await open.accessLog()).filter((line) => line === `CONNECT 127.0.0.1:${secure.port} HTTP/1.1 200 -`).length;
      const before = await tunnels();
      await exerciseRepository(secure.url, { env: { [name]: open.url } });
      await expect.poll(tunnels).toBe(before + 1);
    },
  );

  it.each([
    ['http', () => plain.url],
    ['https', () => secure.url],
  ])('gets its credentials for %s', async (scheme, base) => {
    await exerciseRepository(base(), { env: { ALL_PROXY: guarded.url.replace('//', `//${userinfo}`) } });
    await guarded.accessLog(new RegExp(`^${scheme === 'http' ? 'POST' : 'CONNECT'} .* 200 ${credentials.username}$`));
  });

  it.each([
    ['http', () => plain.url, ''],
    ['http', () => plain.url, 'proxy-user:wrong@'],
    ['https', () => secure.url, ''],
    ['https', () => secure.url, 'proxy-user:wrong@'],
  ])('that refuses its credentials for %s is an authentication error that names it', async (_scheme, base, given) => {
    const env = { ALL_PROXY: guarded.url.replace('//', `//${given}`) };
    const error = await failureOf(connectTo(`${base()}/x.git`, { env, caFile: certificates.caFile }));
    expect(error.code).toBe('GM_AUTH');
    expect(error.message).toContain(`through the proxy ${guarded.url}: the proxy asks for credentials (407)`);
    expect(error.message).not.toContain('wrong');
  });

  it('is left out for hosts of NO_PROXY', async () => {
    const env = { ALL_PROXY: 'http://127.0.0.1:1', no_proxy: 'example.com, 127.0.0.0/8' };
    await exerciseRepository(plain.url, { env });
    await exerciseRepository(secure.url, { env });
  });

  it.each([
    ['http', () => plain.url],
    ['https', () => secure.url],
  ])('that is not there is a network error for %s that names it', async (_scheme, base) => {
    const env = { ALL_PROXY: 'http://127.0.0.1:1' };
    const error = await failureOf(connectTo(`${base()}/x.git`, { env, caFile: certificates.caFile }));
    expect(error.code).toBe('GM_NETWORK');
    expect(error.message).toContain('through the proxy http://127.0.0.1:1: the connection was refused');
  });

  it('that does not answer to CONNECT is given up', async () => {
    const silent = await startFaultyServer(() => undefined);
    const env = { https_proxy: silent.url };
    const error = await failureOf(connectTo(`${secure.url}/x.git`, { env, connectTimeoutMs: 1000 }));
    await silent.close();
    expect(error.code).toBe('GM_TIMEOUT');
  });

  it('that cannot reach the host is a network error', async () => {
    const env = { https_proxy: open.url };
    const error = await failureOf(connectTo('https://127.0.0.1:1/x.git', { env }));
    expect(error.code).toBe('GM_NETWORK');
    expect(error.message).toContain('the proxy did not connect to the host (503)');
  });

  it('of another kind, or that is no URL, is refused by the name of its variable', async () => {
    for (const value of ['socks5://me:hush@127.0.0.1:1080', 'http://me:hush@', 'http://me:%zz@host/']) {
      const error = await failureOf(connectTo(`${plain.url}/x.git`, { env: { http_proxy: value } }));
      expect(error.code).toBe('GM_USAGE');
      expect(error.message).toContain('http_proxy');
      expect(error.message).not.toContain('hush');
    }
  });

  it('does not lose the answer to a request that was not read to its end', async () => {
    const server = await startEarlyAnswerServer({
      status: 413,
      text: 'too large',
      readBytes: 100,
      // Not an abrupt close: through a proxy its answer is lost about one time in five (11 of 14 arrived), for a reason
      // that has not been found yet. Without a proxy, http-early-answer.test.ts covers that.
      leave: 'linger',
      tls: certificates.server,
    });
    const connection = await connectTo(`${server.url}/x.git`, {
      service: 'git-receive-pack',
      env: { ALL_PROXY: open.url },
      caFile: certificates.caFile,
    });
    await readAll(connection.advertisement);
    const body = (async function* () {
      for (let count = 0; count < 100; count += 1) yield Buffer.alloc(65_536);
    })();
    expect((await failureOf(connection.request(body))).code).toBe('GM_TOO_LARGE');
    await connection.close();
    await server.close();
  });
});

describe('an injected dispatcher', () => {
  it('is used instead of the environment, and not closed', async () => {
    const agent = new Agent({ connect: { rejectUnauthorized: false } });
    const extra = { dispatcher: agent, env: { ALL_PROXY: 'http://127.0.0.1:1' }, caFile: '/nowhere' };
    await exerciseRepository(secure.url, extra);
    await exerciseRepository(secure.url, extra);
    await agent.close();
  });

  it('may be a proxy agent', async () => {
    const agent = new ProxyAgent({ uri: open.url, requestTls: { rejectUnauthorized: false } });
    const before = (await open.accessLog()).length;
    await exerciseRepository(secure.url, { dispatcher: agent });
    await agent.close();
    await expect.poll(async () => (await open.accessLog()).length).toBeGreaterThan(before);
  });

  it('decides on time-outs', async () => {
    const silent = await startFaultyServer(() => undefined);
    const agent = new Agent({ headersTimeout: 100 });
    const error = await failureOf(connectTo(`${silent.url}/x.git`, { dispatcher: agent }));
    await agent.close();
    await silent.close();
    expect(error).toMatchObject({ code: 'GM_TIMEOUT', details: { reason: 'UND_ERR_HEADERS_TIMEOUT' } });
  });
});
