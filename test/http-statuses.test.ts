import { afterEach, describe, expect, it } from 'vitest';
import { startFaultyServer, type FaultyScript, type FaultyServer } from './servers/faulty.ts';
import { connectTo, failureOf, readAll } from './servers/http-client.ts';

const advertisement = { 'Content-Type': 'application/x-git-upload-pack-advertisement' };

let server: FaultyServer;

async function serve(script: FaultyScript): Promise<string> {
  server = await startFaultyServer(script);
  return `${server.url}/x.git`;
}

afterEach(async () => {
  await server.close();
});

const statuses = [
  [400, 'GM_PROTOCOL'],
  [401, 'GM_AUTH'],
  [403, 'GM_FORBIDDEN'],
  [404, 'GM_NOT_FOUND'],
  [408, 'GM_TIMEOUT'],
  [410, 'GM_NOT_FOUND'],
  [413, 'GM_TOO_LARGE'],
  [429, 'GM_BUSY'],
  [500, 'GM_REMOTE'],
  [502, 'GM_REMOTE'],
  [503, 'GM_BUSY'],
  [504, 'GM_TIMEOUT'],
  [599, 'GM_REMOTE'],
] as const;

describe('a status other than 200', () => {
  it.each(statuses)('%i of the advertisement is %s', async (status, code) => {
    const url = await serve((exchange) => {
      exchange.answer(status, { 'Content-Type': 'text/plain; charset=utf-8' }, 'because\r\n');
    });
    const error = await failureOf(connectTo(url));
    expect(error.code).toBe(code);
    expect(error.details).toEqual({ status, url, service: 'git-upload-pack', role: 'source', serverText: 'because' });
    expect(error.message).toMatch(
      new RegExp(`^${url} \\(git-upload-pack\\): the server answered ${status}\\b.*“because”`),
    );
  });

  it.each(statuses)('%i of a request is %s', async (status, code) => {
    const url = await serve((exchange) => {
      if (exchange.method === 'GET') exchange.answer(200, advertisement, '0000');
      else
        exchange.answer(
          status,
          { 'Content-Type': 'text/html' },
          '<html><title>\n Sorry &amp; bye\n</title><p>long</p>',
        );
    });
    const connection = await connectTo(url);
    await readAll(connection.advertisement);
    const error = await failureOf(connection.request(Buffer.from('0000')));
    await connection.close();
    expect(error).toMatchObject({ code, details: { status, serverText: 'Sorry & bye' } });
  });

  it('shows only a bounded, printable part of what the server says', async () => {
    const url = await serve((exchange) => {
      exchange.answer(
        500,
        { 'Content-Type': 'text/plain' },
        `\u001b[31mred\u0007 http://me:secret@host/ ${'x'.repeat(1_000_000)}`,
      );
    });
    const error = await failureOf(connectTo(url));
    expect(error.message).toContain('red http://host/ xxx');
    expect(error.message.length).toBeLessThan(5000);
    expect(error.message).not.toMatch(/[\u0000-\u001f]/);
  });

  it('shows nothing of a body that is neither text nor a web page', async () => {
    const url = await serve((exchange) => {
      exchange.write('HTTP/1.1 500 Oops\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{"a":');
    });
    expect((await failureOf(connectTo(url))).details).not.toHaveProperty('serverText');
  });

  it('does not wait long for the rest of a text that does not come', async () => {
    const url = await serve((exchange) => {
      exchange.write('HTTP/1.1 500 Oops\r\nContent-Type: text/plain\r\nContent-Length: 100\r\n\r\nhalf a ');
    });
    const error = await failureOf(connectTo(url));
    expect(error).toMatchObject({ code: 'GM_REMOTE', details: { serverText: 'half a' } });
  });

  it('keeps query values and credentials out of messages', async () => {
    const url = await serve((exchange) => {
      exchange.answer(500);
    });
    const error = await failureOf(connectTo(`${url}?private_token=hush`));
    expect(JSON.stringify(error)).not.toContain('hush');
    expect(error.message).not.toContain('hush');
  });
});

describe('a busy server', () => {
  it('is asked again after the short time it names, twice at most', async () => {
    const url = await serve((exchange) => {
      if (exchange.index === 0) exchange.answer(503, { 'Retry-After': '0' });
      else if (exchange.index === 1) exchange.answer(429, { 'Retry-After': new Date().toUTCString() });
      else exchange.answer(200, advertisement, '0000');
    });
    const connection = await connectTo(url);
    expect((await readAll(connection.advertisement)).toString()).toBe('0000');
    await connection.close();
    expect(server.requests).toHaveLength(3);
  });

  it.each([
    ['3600', 3_600_000, 1],
    ['0', 0, 3],
    [undefined, undefined, 1],
  ])('that says Retry-After %s gives up with details.retryAfterMs %s after %i requests', async (value, ms, count) => {
    const url = await serve((exchange) => {
      exchange.answer(429, value === undefined ? {} : { 'Retry-After': value });
    });
    const error = await failureOf(connectTo(url));
    expect(error.code).toBe('GM_BUSY');
    expect(error.details['retryAfterMs']).toBe(ms);
    expect(server.requests).toHaveLength(count);
  });

  it('does not keep an abort waiting', async () => {
    const url = await serve((exchange) => {
      exchange.answer(503, { 'Retry-After': '5' });
    });
    const controller = new AbortController();
    const connecting = connectTo(url, { signal: controller.signal });
    const reason = new Error('enough');
    setTimeout(() => {
      controller.abort(reason);
    }, 100);
    const started = performance.now();
    await expect(connecting).rejects.toBe(reason);
    expect(performance.now() - started).toBeLessThan(2000);
  });

  it('is not asked again by a request that may have had an effect', async () => {
    const url = await serve((exchange) => {
      if (exchange.method === 'GET') exchange.answer(200, advertisement, '0000');
      else exchange.answer(503, { 'Retry-After': '0' });
    });
    const connection = await connectTo(url);
    await readAll(connection.advertisement);
    expect(await failureOf(connection.request(Buffer.from('0000')))).toMatchObject({
      code: 'GM_BUSY',
      details: { retryAfterMs: 0 },
    });
    await connection.close();
    expect(server.requests).toHaveLength(2);
  });
});

describe('what is no smart advertisement', () => {
  const oid = 'a'.repeat(40);
  const listing = `${oid}\trefs/heads/main\n`;

  it.each([
    ['text/plain', listing],
    ['text/plain; charset=utf-8', `${'b'.repeat(64)}\trefs/tags/v1`],
    ['application/octet-stream', listing],
    ['', listing],
    ['text/plain', ''],
  ])('of type "%s" with a listing of refs is the dumb protocol', async (type, body) => {
    const url = await serve((exchange) => {
      exchange.answer(200, type === '' ? {} : { 'Content-Type': type }, body);
    });
    expect((await failureOf(connectTo(url))).code).toBe('GM_DUMB_HTTP');
  });

  it.each([
    [
      'text/html; charset=utf-8',
      '<!doctype html><title>Sign in</title>',
      'answered with a web page (text/html, “Sign in”)',
    ],
    ['text/html', listing, 'answered with a web page (text/html)'],
    ['application/json', '{}', 'answered with application/json'],
    ['text/plain', 'hello', 'answered with text/plain'],
    ['', 'hello', 'answered with data of no named type'],
    [
      'application/x-git-receive-pack-advertisement',
      '0000',
      'answered with application/x-git-receive-pack-advertisement',
    ],
  ])('of type "%s" is no Git repository', async (type, body, text) => {
    const url = await serve((exchange) => {
      exchange.answer(200, type === '' ? {} : { 'Content-Type': type }, body);
    });
    const error = await failureOf(connectTo(url));
    expect(error.code).toBe('GM_PROTOCOL');
    expect(error.message).toContain(`${url} (git-upload-pack): this is not a Git repository: the server ${text}`);
  });
});

describe('a server that is not there', () => {
  it('is named', async () => {
    const url = await serve(() => undefined);
    await server.close();
    const error = await failureOf(connectTo(url));
    expect(error.code).toBe('GM_NETWORK');
    expect(error.message).toBe(
      `${url} (git-upload-pack): the connection was refused; check host and port, and that the server is up`,
    );
    expect(error.details).toMatchObject({ reason: 'ECONNREFUSED', role: 'source' });
    expect(error.cause).toBeInstanceOf(Error);
  });

  it('because its name does not resolve is named', async () => {
    await serve(() => undefined);
    expect((await failureOf(connectTo('http://no-such-host.invalid/x.git'))).code).toBe('GM_NETWORK');
  });

  it('because it cuts the connection gives a network error', async () => {
    const url = await serve((exchange) => {
      exchange.reset();
    });
    expect(await failureOf(connectTo(url))).toMatchObject({ code: 'GM_NETWORK', retryable: true });
  });
});
