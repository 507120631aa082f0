import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { CredentialSource } from '../src/transport/credential-source.ts';
import { connectHttp } from '../src/transport/http/connect-http.ts';
import { startFaultyServer, type FaultyExchange, type FaultyScript, type FaultyServer } from './servers/faulty.ts';
import { connectTo, failureOf, httpOptions, readAll } from './servers/http-client.ts';
import { makeCertificates, type Certificates } from './servers/tls.ts';

const infoRefs = '/info/refs?service=git-upload-pack';
const good = (exchange: FaultyExchange): void => {
  if (exchange.method === 'GET') {
    exchange.answer(200, { 'Content-Type': 'application/x-git-upload-pack-advertisement' }, '0000');
  } else {
    exchange.answer(200, { 'Content-Type': 'application/x-git-upload-pack-result' }, 'answer');
  }
};

let directory: string;
let certificates: Certificates;
const servers: FaultyServer[] = [];

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'git-mirror-redirect-'));
  certificates = makeCertificates(directory);
});

afterAll(async () => {
  await rm(directory, { recursive: true, force: true });
});

afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()));
});

async function serve(script: FaultyScript, isTls = false): Promise<FaultyServer> {
  const server = await startFaultyServer(script, isTls ? certificates.server : undefined);
  servers.push(server);
  return server;
}

/** A server that redirects every request whose path `moves` names, and answers the others well. */
function redirecting(moves: (path: string) => string | undefined, status = 301): Promise<FaultyServer> {
  return serve((exchange) => {
    const location = moves(exchange.url);
    if (location === undefined) good(exchange);
    else exchange.answer(status, { Location: location });
  });
}

describe('a redirect of the advertisement', () => {
  it.each([301, 302, 303, 307, 308])('with %i moves the requests that follow', async (status) => {
    const server = await redirecting((path) => (path.startsWith('/old') ? `/new/y.git${infoRefs}` : undefined), status);
    const connection = await connectTo(`${server.url}/old.git`);
    await readAll(connection.advertisement);
    expect((await readAll(await connection.request(Buffer.from('0000')))).toString()).toBe('answer');
    await connection.close();
    expect(connection.displayUrl).toBe(`${server.url}/new/y.git`);
    expect(server.requests.map(({ url }) => url)).toEqual([
      `/old.git${infoRefs}`,
      `/new/y.git${infoRefs}`,
      '/new/y.git/git-upload-pack',
    ]);
  });

  it('is refused when following is turned off', async () => {
    const server = await redirecting((path) => (path.startsWith('/old') ? `/new.git${infoRefs}` : undefined));
    const error = await failureOf(connectTo(`${server.url}/old.git`, { followInfoRefsRedirect: false }));
    expect(error.code).toBe('GM_PROTOCOL');
    expect(error.message).toContain('following redirects is turned off');
    expect(error.message).toContain(`${server.url}/new.git/info/refs`);
    expect(server.requests).toHaveLength(1);
  });

  it('in a loop is noticed', async () => {
    const server = await redirecting((path) => (path.startsWith('/a') ? `/b${infoRefs}` : `/a${infoRefs}`));
    const error = await failureOf(connectTo(`${server.url}/a`));
    expect(error.code).toBe('GM_PROTOCOL');
    expect(error.message).toContain('redirects in a loop');
    expect(server.requests).toHaveLength(2);
  });

  it('to ever new places ends', async () => {
    const server = await redirecting((path) => `/${Number(/^\/(\d+)/.exec(path)?.[1] ?? 0) + 1}${infoRefs}`);
    const error = await failureOf(connectTo(`${server.url}/0`));
    expect(error.code).toBe('GM_PROTOCOL');
    expect(error.message).toContain('more than 20 redirects');
    expect(server.requests).toHaveLength(21);
  });

  it.each([
    ['ftp://127.0.0.1/x', 'neither http nor https'],
    ['file:///etc/passwd', 'neither http nor https'],
    ['http://[', 'no URL'],
    ['', 'without saying where'],
    ['/login', 'does not end in /info/refs'],
    [`/new.git/info/refs?service=git-receive-pack`, 'does not end in /info/refs'],
  ])('to "%s" is refused', async (location, text) => {
    const server = await redirecting((path) => (path.startsWith('/old') ? location : undefined));
    const error = await failureOf(connectTo(`${server.url}/old.git`));
    expect(error.code).toBe('GM_PROTOCOL');
    expect(error.message).toContain(text);
  });

  it('to a login page says that it is a web page', async () => {
    const server = await serve((exchange) => {
      if (exchange.url.startsWith('/old')) exchange.answer(302, { Location: '/login' });
      else exchange.answer(200, { 'Content-Type': 'text/html' }, '<title>Sign in</title>');
    });
    expect((await failureOf(connectTo(`${server.url}/old.git`))).message).toContain(
      'a web page (text/html, “Sign in”)',
    );
  });

  it('from https to http is refused, from http to https followed', async () => {
    const plain = await serve(good);
    const secure = await serve((exchange) => {
      if (exchange.url.startsWith('/down')) exchange.answer(301, { Location: `${plain.url}/x.git${infoRefs}` });
      else good(exchange);
    }, true);
    const options = { caFile: certificates.caFile };
    const error = await failureOf(connectTo(`${secure.url}/down.git`, options));
    expect(error.code).toBe('GM_PROTOCOL');
    expect(error.message).toContain('from https to http');
    expect(plain.requests).toHaveLength(0);
    const up = await redirecting(() => `${secure.url}/x.git${infoRefs}`);
    const connection = await connectTo(`${up.url}/x.git`, options);
    expect(connection.displayUrl).toBe(`${secure.url}/x.git`);
    await connection.close();
  });
});

describe('credentials', () => {
  const asking = (exchange: FaultyExchange): void => {
    if (exchange.headers['authorization'] === undefined) {
      exchange.answer(401, { 'WWW-Authenticate': 'Basic realm="x"' });
    } else {
      good(exchange);
    }
  };

  it.each([
    ['given explicitly', { auth: { token: 'hush' } }, {}],
    ['given as a bearer token', { auth: { bearerToken: 'hush' } }, {}],
    ['in the URL', {}, { username: 'me', password: 'hush' }],
  ])('%s go to their own origin only', async (_name, options, userinfo) => {
    const other = await serve(asking);
    const first = await redirecting(() => `${other.url.replace('//', '//you:there@')}/x.git${infoRefs}`);
    const error = await failureOf(
      connectHttp({ url: new URL(`${first.url}/x.git`), ...userinfo }, httpOptions(options)),
    );
    expect(first.requests[0]?.headers['authorization']).toMatch(/^(?:Basic|Bearer) /);
    expect(other.requests.map(({ headers }) => headers['authorization'])).toEqual([undefined]);
    expect(error.code).toBe('GM_AUTH');
    expect(error.message).toContain(`those for ${first.url} are not sent to another origin`);
    expect(`${error.message}${JSON.stringify(error)}`).not.toMatch(/hush|there/);
  });

  it('stay with the same origin over a redirect and in the requests that follow', async () => {
    const server = await serve((exchange) => {
      if (exchange.url.startsWith('/old')) exchange.answer(307, { Location: `/new.git${infoRefs}` });
      else asking(exchange);
    });
    const connection = await connectTo(`${server.url}/old.git`, { auth: { bearerToken: 'hush' } });
    await readAll(connection.advertisement);
    await readAll(await connection.request(Buffer.from('0000')));
    await connection.close();
    expect(server.requests.map(({ headers }) => headers['authorization'])).toEqual(Array(3).fill('Bearer hush'));
  });

  it('for the new origin are asked of the credential source, under its name', async () => {
    const other = await serve(asking);
    const first = await redirecting(() => `${other.url}/moved.git${infoRefs}`);
    const asked: unknown[] = [];
    const credentials: CredentialSource = {
      async fill(query) {
        asked.push(query);
        return { username: 'u', password: 'p' };
      },
      approve: async () => undefined,
      reject: async () => undefined,
    };
    const connection = await connectTo(`${first.url}/x.git`, { auth: { token: 'hush' }, credentials });
    await connection.close();
    expect(asked).toEqual([
      {
        protocol: 'http',
        host: `127.0.0.1:${other.port}`,
        path: 'moved.git',
        username: undefined,
        wwwAuthenticate: ['Basic realm="x"'],
      },
    ]);
    expect(other.requests[1]?.headers['authorization']).toBe(`Basic ${Buffer.from('u:p').toString('base64')}`);
  });
});

describe('a redirect of a request', () => {
  it.each([302, 307, 308])('with %i is refused', async (status) => {
    const server = await serve((exchange) => {
      if (exchange.method === 'GET') good(exchange);
      else exchange.answer(status, { Location: 'http://127.0.0.1:1/' });
    });
    const connection = await connectTo(`${server.url}/x.git`);
    await readAll(connection.advertisement);
    const error = await failureOf(connection.request(Buffer.from('0000')));
    await connection.close();
    expect(error).toMatchObject({ code: 'GM_PROTOCOL', details: { status } });
    expect(error.message).toContain('redirects a request that carries data');
  });
});
