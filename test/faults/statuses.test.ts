import type { IncomingMessage, ServerResponse } from 'node:http';
import { beforeEach, describe, expect, test } from 'vitest';
import { createClient, StaticAuthProvider, type ErrorCode } from '../../src/index.ts';
import { startFaultyServer } from '../servers/faulty.ts';
import { startHttpBackend, type HttpMiddleware } from '../servers/http-backend.ts';
import { startEarlyAnswerServer } from '../servers/early-answer.ts';
import { makeCertificates } from '../servers/tls.ts';
import { expectHarmless, openScene, sharedScene, syncWith, watchTemporaryFiles, withServer } from './scene.ts';

watchTemporaryFiles();

let fault: HttpMiddleware = () => false;
const scene = sharedScene({ middleware: (request, response) => fault(request, response) });

beforeEach(() => {
  fault = () => false;
});

interface Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly code: ErrorCode;
  readonly says: readonly (string | RegExp)[];
}

const page = '<html><head><title>502 Bad Gateway</title></head><body><h1>nginx</h1></body></html>';

const answers: readonly Answer[] = [
  {
    status: 401,
    headers: { 'WWW-Authenticate': 'Basic realm="x"' },
    code: 'GM_AUTH',
    says: ['401', 'asks for credentials and there are none', /set GIT_MIRROR_(?:SOURCE|TARGET)_TOKEN/],
  },
  { status: 403, code: 'GM_FORBIDDEN', says: ['403', 'do not allow this'] },
  { status: 404, code: 'GM_NOT_FOUND', says: ['404', 'check the URL'] },
  { status: 429, headers: { 'Retry-After': '120' }, code: 'GM_BUSY', says: ['429', 'try again later'] },
  {
    status: 500,
    body: 'out of \u001b[31mcheese\u0007',
    code: 'GM_REMOTE',
    says: ['500', 'try again later', '“out of cheese”'],
  },
  {
    status: 502,
    headers: { 'Content-Type': 'text/html' },
    body: page,
    code: 'GM_REMOTE',
    says: [/502 Bad Gateway: .*try again later$/],
  },
  { status: 503, code: 'GM_BUSY', says: ['503', 'try again later'] },
  { status: 302, headers: { Location: '/elsewhere' }, code: 'GM_PROTOCOL', says: [/redirect/] },
  { status: 200, headers: { 'Content-Type': 'text/html' }, body: page, code: 'GM_PROTOCOL', says: ['text/html'] },
  { status: 418, code: 'GM_PROTOCOL', says: ['418', 'no answer a Git server gives'] },
];

/** Sizes and times: a push is then tried in smaller steps. */
const tooLarge: readonly Answer[] = [
  { status: 408, code: 'GM_TIMEOUT', says: ['408', 'took too long'] },
  { status: 413, code: 'GM_TOO_LARGE', says: ['413', 'larger than the server takes'] },
  { status: 504, code: 'GM_TIMEOUT', says: ['504', 'took too long'] },
];

function send(response: ServerResponse, { status, headers, body = '' }: Answer): true {
  response.writeHead(status, { 'Content-Type': 'text/plain', ...headers }).end(body);
  return true;
}

function isFor({ url }: IncomingMessage, end: 'source' | 'target'): boolean {
  return url?.startsWith(`/${end}.git/`) === true;
}

describe('an advertisement that is refused', () => {
  for (const end of ['source', 'target'] as const) {
    // What a redirect of an advertisement leads to is another matter.
    test.each([...answers, ...tooLarge].filter(({ status }) => status !== 302))(
      `by the ${end} with $status: $code`,
      async (answer) => {
        const stage = scene();
        let asked = 0;
        fault = (request, response) => {
          if (!isFor(request, end)) return false;
          asked += 1;
          return send(response, answer);
        };
        const { code, says } = answer;
        const error = await expectHarmless(stage, syncWith(stage, {}), { code, says: [stage.ends[end].url, ...says] });
        expect(asked).toBe(1);
        if (code === 'GM_AUTH') expect(error.message).toContain(`GIT_MIRROR_${end.toUpperCase()}_TOKEN`);
      },
    );
  }
});

describe('a request that is refused', () => {
  const all: readonly Answer[] = [...answers, ...tooLarge];

  test.each(all)('by the source with $status: $code', async (answer) => {
    const stage = scene();
    for (const refused of [1, 2]) {
      let posts = 0;
      fault = (request, response): boolean => {
        if (!isFor(request, 'source') || request.method !== 'POST' || (posts += 1) !== refused) return false;
        return send(response, answer);
      };
      const { code, says } = answer;
      await expectHarmless(stage, syncWith(stage, {}), { code, says: [stage.sourceUrl, ...says] });
    }
  });

  test.each(all)('by the target with $status: $code', async (answer) => {
    const stage = scene();
    fault = (request, response): boolean => {
      if (!isFor(request, 'target') || request.method !== 'POST') return false;
      request.resume();
      request.on('end', () => {
        send(response, answer);
      });
      return true;
    };
    // A size or a time is tried to be met first, with smaller and smaller pushes.
    const code = tooLarge.includes(answer) ? 'GM_LIMIT' : answer.code;
    await expectHarmless(stage, syncWith(stage, {}), { code, says: [stage.targetUrl, ...answer.says] });
  });
});

const inTwoMinutes = (): string => new Date(Date.now() + 120_000).toUTCString();
const longAgo = (): string => new Date(0).toUTCString();

test.each<readonly [what: string, value: () => string, least: number, most: number]>([
  ['seconds', () => '90', 90_000, 90_000],
  ['a date', inTwoMinutes, 100_000, 121_000],
  ['a date that has passed', longAgo, 0, 0],
])('Retry-After as %s is passed on', async (_what, value, least, most) => {
  const stage = scene();
  fault = (request, response): boolean => {
    if (!isFor(request, 'target')) return false;
    return send(response, { status: 429, headers: { 'Retry-After': value() }, code: 'GM_BUSY', says: [] });
  };
  const error = await expectHarmless(stage, syncWith(stage, {}), { code: 'GM_BUSY', says: [stage.targetUrl] });
  expect(error.retryable).toBe(true);
  const retryAfterMs: unknown = error.details['retryAfterMs'];
  expect(retryAfterMs).toBeGreaterThanOrEqual(least);
  expect(retryAfterMs).toBeLessThanOrEqual(most);
});

describe('redirects', () => {
  const secrets = { source: 's0urce-secret', target: 't4rget-secret' };
  const client = createClient({
    useCredentialHelper: false,
    auth: new StaticAuthProvider({ source: { token: secrets.source }, target: { bearerToken: secrets.target } }),
  });

  test.each(['source', 'target'] as const)('of the %s to another host never take credentials along', async (end) => {
    const stage = scene();
    const before = await stage.target.refs();
    const seen = stage.backend.requests.length;
    const elsewhere = await startFaultyServer((exchange) => {
      const { url } = exchange;
      exchange.answer(302, {
        Location: `http://me:pw@127.0.0.1:${stage.backend.port}${url.replace('/x.git', `/${end}.git`)}`,
      });
    });
    await withServer(Promise.resolve(elsewhere), async ({ url, requests }) => {
      await client.sync({ ...stage.ends, [end]: { url: `${url}/x.git` } });
      expect(requests.length).toBeGreaterThan(0);
      for (const { headers } of requests) expect(headers['authorization']).toMatch(/^(?:Basic|Bearer) ./);
    });
    const asked = stage.backend.requests.slice(seen).filter(({ url }) => url.startsWith(`/${end}.git/`));
    expect(asked.map(({ method }) => method)).toContain('POST');
    for (const { headers } of asked) expect(headers['authorization']).toBeUndefined();
    expect(await stage.target.tip('refs/heads/main')).toBe(await stage.source.tip('refs/heads/main'));
    await stage.target.deleteRef('refs/heads/main');
    expect(await stage.target.refs()).toEqual(before);
  });

  test('to another host that asks for credentials end there', async () => {
    const stage = scene();
    const strict = await startFaultyServer((exchange) => {
      exchange.answer(401, { 'WWW-Authenticate': 'Basic realm="give me your password"' });
    });
    const lure = await startFaultyServer((exchange) => {
      const { url } = exchange;
      exchange.answer(307, { Location: `${strict.url}${url}` });
    });
    await withServer(Promise.resolve(strict), () =>
      withServer(Promise.resolve(lure), async () => {
        for (const end of ['source', 'target'] as const) {
          const work = (): Promise<unknown> => client.sync({ ...stage.ends, [end]: { url: `${lure.url}/x.git` } });
          const error = await expectHarmless(stage, work, {
            code: 'GM_AUTH',
            says: [`those for ${lure.url} are not sent to another origin`, 'use the final URL'],
          });
          expect(JSON.stringify(error)).not.toMatch(/s0urce|t4rget/);
        }
        expect(strict.requests.map(({ headers }) => headers['authorization'])).toEqual([undefined, undefined]);
      }),
    );
  });

  test.each([
    ['a loop', (url: string) => url, 'in a loop'],
    ['a chain without an end', (url: string) => `/more${url}`, 'more than 20 redirects'],
    ['another protocol', () => 'file:///etc/passwd', 'neither http nor https'],
    ['nothing', () => '', 'without saying where to'],
  ])('that are %s are refused', async (_what, location, says) => {
    const stage = scene();
    const script = startFaultyServer((exchange) => {
      const { url } = exchange;
      exchange.answer(301, { Location: location(url) });
    });
    await withServer(script, async ({ url }) => {
      for (const end of ['source', 'target'] as const) {
        const work = syncWith(stage, { [end]: { url: `${url}/x.git` } });
        await expectHarmless(stage, work, { code: 'GM_PROTOCOL', says: [url, says] });
      }
    });
  });
});

test('a certificate that nobody vouches for, at either end', async () => {
  await using stage = await openScene();
  const tls = makeCertificates(stage.folder).server;
  await withServer(startHttpBackend({ root: stage.folder, tls }), async ({ url, requests }) => {
    for (const end of ['source', 'target'] as const) {
      const at = `${url}/${end}.git`;
      const client = createClient({
        useCredentialHelper: false,
        auth: new StaticAuthProvider({ [end]: { token: 'not for strangers' } }),
      });
      const work = (): Promise<unknown> => client.sync({ ...stage.ends, [end]: { url: at } });
      await expectHarmless(stage, work, { code: 'GM_TLS', says: [at, 'certificate', 'GIT_SSL_CAINFO'] });
    }
    expect(requests).toEqual([]);
  });
});

test.each([
  [403, 'end', 'GM_FORBIDDEN'],
  [403, 'reset', 'GM_FORBIDDEN'],
  [413, 'destroy', 'GM_LIMIT'],
  [500, 'end', 'GM_REMOTE'],
] as const)('%i as the answer to a push that has not been read, and then %s', async (status, leave, code) => {
  await using stage = await openScene({ source: { commits: 4, fileBytes: 2_000_000 } });
  const server = startEarlyAnswerServer({ status, text: 'no thanks', readBytes: 100_000, leave });
  await withServer(server, async ({ url }) => {
    const target = { url: `${url}/x.git` };
    const says = [target.url, String(status), '“no thanks”'];
    await expectHarmless(stage, syncWith(stage, { target }), { code, says });
  });
});
