import { gzipSync } from 'node:zlib';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { startFaultyServer, type FaultyExchange, type FaultyServer } from './servers/faulty.ts';
import { connectTo, failureOf, readAll, signalOf } from './servers/http-client.ts';
import type { ConnectOptions } from '../src/transport/connect-options.ts';
import type { ServiceConnection } from '../src/transport/service-connection.ts';

const result = { 'Content-Type': 'application/x-git-receive-pack-result' };
const advertisement = { 'Content-Type': 'application/x-git-receive-pack-advertisement' };

let server: FaultyServer | undefined;

afterEach(async () => {
  await server?.close();
  server = undefined;
});

/** A connection to a server that advertises well and answers posts as told. */
async function pushTo(
  post: (exchange: FaultyExchange) => void | Promise<void>,
  extra: Partial<ConnectOptions> = {},
): Promise<ServiceConnection> {
  server = await startFaultyServer(async (exchange) => {
    if (exchange.method === 'GET') exchange.answer(200, advertisement, '0000');
    else await post(exchange);
  });
  const connection = await connectTo(`${server.url}/x.git`, { service: 'git-receive-pack', protocol: 0, ...extra });
  await readAll(connection.advertisement);
  return connection;
}

async function untilDeserted(): Promise<void> {
  await server?.untilDeserted();
}

describe('request bodies', () => {
  it('are pulled no faster than the server reads them', async () => {
    const go = signalOf();
    const connection = await pushTo(async (exchange) => {
      await exchange.readBody(100_000);
      await go.promise;
      await exchange.readBody();
      exchange.answer(200, result, 'done');
    });
    let pulled = 0;
    const body = (async function* () {
      for (; pulled < 64_000_000; pulled += 65_536) yield Buffer.alloc(65_536);
    })();
    const answer = connection.request(body);
    await expect.poll(() => pulled).toBeGreaterThan(100_000);
    for (let before = -1; pulled !== before;) {
      before = pulled;
      await delay(200);
    }
    // What the kernel's buffers hold on loopback, and one chunk in the socket.
    expect(pulled).toBeLessThan(12_000_000);
    go.resolve();
    expect((await readAll(await answer)).toString()).toBe('done');
    expect(pulled).toBe(64_028_672);
    await connection.close();
  });

  it('may be answered before they are complete', async () => {
    const half = signalOf();
    const connection = await pushTo(async (exchange) => {
      await exchange.readBody(5);
      exchange.write(
        'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Type: application/x-git-receive-pack-result\r\n\r\n',
      );
      exchange.write('5\r\nfirst\r\n');
      await exchange.readBody();
      exchange.write('4\r\nlast\r\n0\r\n\r\n');
    });
    const answer = await connection.request(
      (async function* () {
        yield Buffer.from('12345');
        await half.promise;
        yield Buffer.from('67890');
      })(),
    );
    expect(Buffer.from((await answer.next()).value ?? []).toString()).toBe('first');
    half.resolve();
    expect((await readAll(answer)).toString()).toBe('last');
    await connection.close();
  });

  it.each([0, 1, 1000])(
    'that throw after %i chunks are never completed, and their own error comes out',
    async (count) => {
      const problem = new Error('the source broke');
      const seen: boolean[] = [];
      const connection = await pushTo(async (exchange) => {
        await exchange.readBody();
        seen.push(exchange.isBodyComplete());
      });
      const body = (async function* () {
        for (let index = 0; index < count; index += 1) yield Buffer.alloc(1000, 'x');
        throw problem;
      })();
      await expect(connection.request(body)).rejects.toBe(problem);
      // A body that fails at once is not even begun.
      await expect.poll(() => seen).toEqual(count === 0 ? [] : [false]);
      await connection.close();
      await untilDeserted();
    },
  );

  it('that throw while the answer is being read end the reading with their own error', async () => {
    const problem = new Error('the source broke');
    const go = signalOf();
    const connection = await pushTo((exchange) => {
      exchange.write(
        'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Type: application/x-git-receive-pack-result\r\n\r\n5\r\nfirst\r\n',
      );
    });
    const answer = await connection.request(
      (async function* () {
        yield Buffer.from('x');
        await go.promise;
        throw problem;
      })(),
    );
    await answer.next();
    const next = answer.next();
    go.resolve();
    await expect(next).rejects.toBe(problem);
    await connection.close();
    await untilDeserted();
  });

  it('are released when the exchange fails', async () => {
    const released = signalOf();
    const connection = await pushTo((exchange) => {
      exchange.reset();
    });
    const body = (async function* () {
      try {
        for (;;) yield Buffer.alloc(1000);
      } finally {
        released.resolve();
      }
    })();
    expect((await failureOf(connection.request(body))).code).toBe('GM_NETWORK');
    await released.promise;
    await connection.close();
  });

  it('of no bytes at all are sent as such', async () => {
    const connection = await pushTo(async (exchange) => {
      exchange.answer(200, result, `${(await exchange.readBody()).length}`);
    });
    const empty = (async function* () {
      // Nothing.
    })();
    expect((await readAll(await connection.request(empty))).toString()).toBe('0');
    await connection.close();
  });
});

describe('answers', () => {
  const chunked =
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Type: application/x-git-receive-pack-result\r\n';

  it.each([
    [
      'a Content-Length',
      'HTTP/1.1 200 OK\r\nContent-Length: 100\r\nContent-Type: application/x-git-receive-pack-result\r\n\r\nhalf',
    ],
    ['chunks', `${chunked}\r\n4\r\nhalf\r\n`],
    ['gzip', `${chunked}Content-Encoding: gzip\r\n\r\n`],
  ])('with %s that end early are network errors', async (kind, text) => {
    const connection = await pushTo((exchange) => {
      exchange.write(text);
      if (kind === 'gzip')
        exchange.write(
          Buffer.concat([Buffer.from('5\r\n'), gzipSync('half').subarray(0, 5), Buffer.from('\r\n0\r\n\r\n')]),
        );
      exchange.end();
    });
    const answer = await connection.request(Buffer.from('0000'));
    const error = await failureOf(readAll(answer));
    expect(error.code).toBe('GM_NETWORK');
    expect(error.message).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/x\.git \(git-receive-pack\): .* ended before/);
    expect(error.cause).toBeInstanceOf(Error);
    await connection.close();
  });

  it('compressed with gzip are unpacked as they come', async () => {
    const text = 'many words '.repeat(100_000);
    const connection = await pushTo((exchange) => {
      exchange.answer(200, { ...result, 'Content-Encoding': 'gzip' }, gzipSync(text));
    });
    let received = 0;
    expect((await readAll(await connection.request(Buffer.from('0000')))).toString()).toBe(text);
    const counting = await pushTo(
      (exchange) => {
        exchange.answer(200, { ...result, 'Content-Encoding': 'gzip' }, gzipSync(text));
      },
      { meter: { request: () => undefined, sent: () => undefined, received: (bytes) => (received += bytes) } },
    );
    await readAll(await counting.request(Buffer.from('0000')));
    expect(received).toBe(text.length + 4);
    await connection.close();
    await counting.close();
  });

  it('compressed in a way that was not asked for are refused', async () => {
    const connection = await pushTo((exchange) => {
      exchange.answer(200, { ...result, 'Content-Encoding': 'br' }, 'xxxx');
    });
    expect((await failureOf(connection.request(Buffer.from('0000')))).code).toBe('GM_PROTOCOL');
    await connection.close();
  });

  it('that are left early release their socket, though the server would go on for ever', async () => {
    const connection = await pushTo(async (exchange) => {
      exchange.write(`${chunked}\r\n`);
      while (!exchange.socket.destroyed) {
        exchange.write(`10000\r\n${'x'.repeat(65_536)}\r\n`);
        await delay(1);
      }
    });
    for await (const chunk of await connection.request(Buffer.from('0000'))) {
      expect(chunk.length).toBeGreaterThan(0);
      break;
    }
    await untilDeserted();
    await connection.close();
  });

  it('are not read ahead of the caller', async () => {
    let written = 0;
    const connection = await pushTo(async (exchange) => {
      exchange.write(`${chunked}\r\n`);
      while (written < 100_000_000 && !exchange.socket.destroyed) {
        written += 65_536;
        if (!exchange.socket.write(`10000\r\n${'x'.repeat(65_536)}\r\n`)) {
          await new Promise<void>((resolve) => {
            exchange.socket.once('drain', resolve);
            exchange.socket.once('close', resolve);
          });
        }
      }
    });
    const answer = await connection.request(Buffer.from('0000'));
    await answer.next();
    for (let before = -1; written !== before;) {
      before = written;
      await delay(200);
    }
    expect(written).toBeLessThan(12_000_000);
    await answer.return?.();
    await connection.close();
  });

  it('of another type are refused', async () => {
    const connection = await pushTo((exchange) => {
      exchange.answer(200, { 'Content-Type': 'text/html; charset=utf-8' }, '<html>');
    });
    const error = await failureOf(connection.request(Buffer.from('0000')));
    expect(error.code).toBe('GM_PROTOCOL');
    expect(error.message).toContain('text/html instead of application/x-git-receive-pack-result');
    await connection.close();
  });

  it('that are no HTTP are refused', async () => {
    const connection = await pushTo((exchange) => {
      exchange.write('SSH-2.0-OpenSSH_9.2\r\n');
    });
    expect((await failureOf(connection.request(Buffer.from('0000')))).code).toBe('GM_PROTOCOL');
    await connection.close();
  });
});

describe('ending an exchange', () => {
  const reason = new Error('stop it');

  it('by the signal of the request gives its reason, before and after the headers', async () => {
    const connection = await pushTo((exchange) => {
      if (exchange.index === 1) return;
      exchange.write(
        'HTTP/1.1 200 OK\r\nContent-Length: 9\r\nContent-Type: application/x-git-receive-pack-result\r\n\r\nfirst',
      );
    });
    const before = new AbortController();
    const waiting = connection.request(Buffer.from('0000'), { signal: before.signal });
    setTimeout(() => {
      before.abort(reason);
    }, 50);
    await expect(waiting).rejects.toBe(reason);
    const after = new AbortController();
    const answer = await connection.request(Buffer.from('0000'), { signal: after.signal });
    await answer.next();
    const next = answer.next();
    after.abort(reason);
    await expect(next).rejects.toBe(reason);
    await expect(connection.request(Buffer.from('0000'), { signal: after.signal })).rejects.toBe(reason);
    await connection.close();
    await untilDeserted();
  });

  it('by the signal of the connection while the body waits for its source gives its reason and releases the body', async () => {
    const controller = new AbortController();
    const connection = await pushTo(() => undefined, { signal: controller.signal });
    const held = signalOf();
    const released = signalOf();
    const body = (async function* () {
      try {
        yield Buffer.from('x');
        await held.promise;
      } finally {
        released.resolve();
      }
    })();
    const request = connection.request(body);
    setTimeout(() => {
      controller.abort(reason);
    }, 50);
    await expect(request).rejects.toBe(reason);
    held.resolve();
    await released.promise;
    await connection.close();
    await untilDeserted();
  });

  it('by a signal while connecting gives its reason at once', async () => {
    server = await startFaultyServer(() => undefined);
    const controller = new AbortController();
    const connecting = connectTo(`${server.url}/x.git`, { signal: controller.signal });
    setTimeout(() => {
      controller.abort(reason);
    }, 50);
    await expect(connecting).rejects.toBe(reason);
    await expect(connectTo(`${server.url}/x.git`, { signal: controller.signal })).rejects.toBe(reason);
    await untilDeserted();
  });

  it('by closing the connection fails what is under way and closes the sockets', async () => {
    const connection = await pushTo(() => undefined);
    const request = failureOf(connection.request(Buffer.from('0000')));
    await delay(50);
    await connection.close();
    await connection.close();
    expect(await request).toMatchObject({ code: 'GM_NETWORK' });
    await untilDeserted();
  });
});

describe('time limits', () => {
  it('end an exchange when the server neither answers nor reads', async () => {
    const connection = await pushTo(() => undefined, { idleTimeoutMs: 200 });
    const silent = await failureOf(connection.request(Buffer.from('0000')));
    expect(silent).toMatchObject({ code: 'GM_TIMEOUT', details: { idleTimeoutMs: 200 } });
    const endless = (async function* () {
      for (;;) yield Buffer.alloc(65_536);
    })();
    expect((await failureOf(connection.request(endless))).code).toBe('GM_TIMEOUT');
    await connection.close();
    await untilDeserted();
  });

  it('end the reading of an answer that stalls', async () => {
    const connection = await pushTo(
      (exchange) => {
        exchange.write(
          'HTTP/1.1 200 OK\r\nContent-Length: 9\r\nContent-Type: application/x-git-receive-pack-result\r\n\r\nfirst',
        );
      },
      { idleTimeoutMs: 200 },
    );
    const answer = await connection.request(Buffer.from('0000'));
    expect((await failureOf(readAll(answer))).code).toBe('GM_TIMEOUT');
    await connection.close();
  });

  it('do not count the time in which this side is the slow one', async () => {
    const connection = await pushTo(
      async (exchange) => {
        await exchange.readBody();
        exchange.answer(200, result, 'done');
      },
      { idleTimeoutMs: 200 },
    );
    const slow = (async function* () {
      for (let index = 0; index < 3; index += 1) {
        yield Buffer.from('x');
        await delay(350);
      }
    })();
    const answer = await connection.request(slow);
    await delay(350);
    expect((await readAll(answer)).toString()).toBe('done');
    await connection.close();
  });

  it('bound the making of a connection', async () => {
    // It accepts and then says nothing, so that the TLS handshake never ends.
    server = await startFaultyServer(() => undefined);
    const error = await failureOf(connectTo(`https://127.0.0.1:${server.port}/x.git`, { connectTimeoutMs: 300 }));
    expect(error.code).toBe('GM_TIMEOUT');
    expect(error.cause).toBeInstanceOf(Error);
  });
});
