import { setTimeout as delay } from 'node:timers/promises';
import { deflateSync, gzipSync } from 'node:zlib';
import { Agent } from 'undici';
import { describe, expect, test } from 'vitest';
import { createClient } from '../../src/index.ts';
import { incompressibleBytes } from '../repositories/random-bytes.ts';
import { startFaultyServer, type FaultyExchange } from '../servers/faulty.ts';
import { startCommand } from './command-line.ts';
import {
  expectHarmless,
  expectUnharmed,
  sharedScene,
  syncWith,
  until,
  watchTemporaryFiles,
  withServer,
} from './scene.ts';
import {
  advertisementHeaders,
  band,
  beginChunked,
  packet,
  packSection,
  resultHeaders,
  startScriptedSource,
  writeForever,
} from './scripted-source.ts';

watchTemporaryFiles();
const scene = sharedScene();

/** Enough for this program and no more: what the other side sends must not pile up. */
const mostRssBytes = 220_000_000;
const uploadPack = advertisementHeaders('git-upload-pack');

/** Begins an answer whose end is never announced. */
function begin(exchange: FaultyExchange, headers: Readonly<Record<string, string>>, status = '200 OK'): void {
  const text = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  exchange.write(`HTTP/1.1 ${status}\r\n${text.join('')}\r\n`);
}

/** `part`, many times over. */
function times(part: Buffer, count: number): Buffer {
  return Buffer.concat(Array.from({ length: count }, () => part));
}

describe('what has no end is bounded:', () => {
  test('a list of refs', async () => {
    const stage = scene();
    const before = await stage.target.refs();
    // Names that are none are not kept, so that this measures the bound and not the memory of the machine.
    const refs = times(packet(`${'1'.repeat(40)} ..`), 4000);
    const source = startScriptedSource(stage.source, {
      list: (exchange) => {
        begin(exchange, resultHeaders);
        return writeForever(exchange, () => refs);
      },
    });
    await withServer(source, async ({ url }) => {
      const { ended } = startCommand(['sync', `${url}/x.git`, stage.target.path]);
      const { status, stderr, peakRssBytes } = await ended;
      expect(stderr).toMatch(/more than 2000000, while listing the refs of http:.*\(GM_LIMIT\)/);
      expect(status).toBe(1);
      // Five million strings are more than the collector cares to keep up with.
      expect(peakRssBytes).toBeLessThan(2 * mostRssBytes);
    });
    await expectUnharmed(stage.target, before);
  });

  test.each(['source', 'target'] as const)('the capabilities of a %s', async (end) => {
    const stage = scene();
    const lines = times(packet('one-more=x\n'), 500);
    const server = startFaultyServer((exchange) => {
      exchange.socket.on('error', () => undefined);
      begin(exchange, advertisementHeaders(end === 'source' ? 'git-upload-pack' : 'git-receive-pack'));
      exchange.write(packet('version 2\n'));
      return writeForever(exchange, () => lines);
    });
    await withServer(server, async ({ url }) => {
      const work = syncWith(stage, { [end]: { url: `${url}/x.git` } });
      await expectHarmless(stage, work, { code: 'GM_LIMIT', says: [url, /capabilities/] });
    });
  });

  test.each([
    ['a web page', '200 OK', 'text/html', 'GM_PROTOCOL'],
    ['an explanation of an error', '500 Internal Server Error', 'text/plain', 'GM_REMOTE'],
    ['a refusal', '401 Unauthorized', 'text/html', 'GM_AUTH'],
  ] as const)('%s', async (_what, status, type, code) => {
    const stage = scene();
    const text = Buffer.alloc(16_384, '<p>blah ');
    const server = startFaultyServer((exchange) => {
      exchange.socket.on('error', () => undefined);
      begin(exchange, { 'Content-Type': type }, status);
      return writeForever(exchange, () => text);
    });
    await withServer(server, async (running) => {
      const { url } = running;
      for (const end of ['source', 'target'] as const) {
        const at = `${url}/x.git`;
        const error = await expectHarmless(stage, syncWith(stage, { [end]: { url: at } }), { code, says: [at] });
        expect(error.message.length).toBeLessThan(6000);
        await running.untilDeserted();
      }
    });
  });

  test('the headers of an answer', async () => {
    const stage = scene();
    const server = startFaultyServer((exchange) => {
      exchange.socket.on('error', () => undefined);
      exchange.write('HTTP/1.1 200 OK\r\n');
      return writeForever(exchange, () => Buffer.from('X-More: and more\r\n'));
    });
    await withServer(server, async ({ url }) => {
      const at = `${url}/x.git`;
      await expectHarmless(stage, syncWith(stage, { source: { url: at } }), { code: 'GM_PROTOCOL', says: [at] });
    });
  });

  test.each([
    [
      'capabilities',
      Buffer.concat([packet('version 2\n'), times(packet(`x=${'y'.repeat(60_000)}`), 2000)]),
      'GM_LIMIT',
    ],
    ['nothing', Buffer.alloc(200_000_000), 'GM_PROTOCOL'],
  ] as const)('%s, compressed to next to nothing', async (_what, bomb, code) => {
    const stage = scene();
    const body = gzipSync(bomb);
    expect(body.length).toBeLessThan(bomb.length / 400);
    const server = startFaultyServer((exchange) => {
      exchange.answer(200, { ...uploadPack, 'Content-Encoding': 'gzip' }, body);
    });
    const before = process.memoryUsage.rss();
    await withServer(server, async ({ url }) => {
      const at = `${url}/x.git`;
      await expectHarmless(stage, syncWith(stage, { source: { url: at } }), { code, says: [at] });
    });
    expect(process.memoryUsage.rss() - before).toBeLessThan(100_000_000);
  });

  test('a pack', async () => {
    const stage = scene();
    const before = await stage.target.refs();
    // A file of 50,000 bytes, as good as any, and as many of them as there can be.
    const entry = Buffer.concat([Buffer.of(0xb0, 0xb5, 0x18), deflateSync(incompressibleBytes(50_000, 1))]);
    const header = Buffer.from('PACK\0\0\0\x02\0\x0f\xff\xff', 'latin1');
    const more = band(1, entry);
    const source = startScriptedSource(stage.source, {
      fetch: (exchange) => {
        begin(exchange, resultHeaders);
        exchange.write(Buffer.concat([packSection, band(1, header)]));
        return writeForever(exchange, () => more);
      },
    });
    await withServer(source, async ({ url }) => {
      for (const target of [stage.targetUrl, stage.target.path]) {
        const words = ['sync', '--max-pack-bytes', '30m', '--json', `${url}/x.git`, target];
        const { status, stdout, peakRssBytes } = await startCommand(words).ended;
        expect(JSON.parse(stdout)).toMatchObject({
          error: { code: 'GM_LIMIT', retryable: false, details: { limit: 'maxSourcePackBytes' } },
        });
        expect(stdout).toContain(`${url}/x.git sent more than`);
        expect(stdout).toContain('--max-pack-bytes');
        expect(status).toBe(1);
        expect(peakRssBytes).toBeLessThan(mostRssBytes);
        await expectUnharmed(stage.target, before);
      }
    });
  });

  test.each([
    ['lines', 'Counting objects: 1\u001b[2J% and so on\r'],
    ['one line', 'x'],
  ])('progress, as %s; Ctrl-C ends it', async (_what, text) => {
    const stage = scene();
    const before = await stage.target.refs();
    const progress = band(2, Buffer.alloc(32_000, text));
    let sent = 0;
    const source = startScriptedSource(stage.source, {
      fetch: (exchange) => {
        begin(exchange, resultHeaders);
        exchange.write(packSection);
        return writeForever(exchange, () => {
          sent += progress.length;
          return progress;
        });
      },
    });
    await withServer(source, async ({ url }) => {
      const words = ['sync', '--progress', '--no-color', `${url}/x.git`, stage.targetUrl];
      const { child, ended } = startCommand(words);
      await until(() => sent > 30_000_000);
      child.kill('SIGINT');
      const { status, stderr, peakRssBytes } = await ended;
      expect(status).toBe(130);
      expect(stderr).not.toContain('\u001b');
      expect(peakRssBytes).toBeLessThan(mostRssBytes);
    });
    await expectUnharmed(stage.target, before);
  });
});

describe('who says next to nothing', () => {
  /** A client with little patience. */
  async function withPatience<Result>(
    work: (client: ReturnType<typeof createClient>) => Promise<Result>,
  ): Promise<Result> {
    const dispatcher = new Agent({ allowH2: false, headersTimeout: 400, bodyTimeout: 400, connectTimeout: 400 });
    try {
      return await work(createClient({ useCredentialHelper: false, dispatcher }));
    } finally {
      await dispatcher.destroy();
    }
  }

  test.each(['source', 'target'] as const)(
    'and nothing at all, as a %s, is given up by the clock of the caller',
    async (end) => {
      const stage = scene();
      await withServer(
        startFaultyServer(() => undefined),
        async ({ url }) => {
          const at = { url: `${url}/x.git` };
          await withPatience((client) =>
            expectHarmless(stage, () => client.sync({ ...stage.ends, [end]: at }), {
              code: 'GM_TIMEOUT',
              says: [at.url, 'time limit', 'try again later'],
            }),
          );
        },
      );
    },
  );

  test('in the middle of its pack is given up by the clock of the caller', async () => {
    const stage = scene();
    const source = startScriptedSource(stage.source, {
      fetch: (exchange, pack) => {
        beginChunked(exchange, resultHeaders);
        const part = Buffer.concat([packSection, band(1, pack.subarray(0, 20_000))]);
        exchange.write(`${part.length.toString(16)}\r\n`);
        exchange.write(part);
      },
    });
    await withServer(source, async ({ url }) => {
      const at = { url: `${url}/x.git` };
      await withPatience((client) =>
        expectHarmless(stage, () => client.sync({ ...stage.ends, source: at }), {
          code: 'GM_TIMEOUT',
          says: [at.url, 'try again later'],
        }),
      );
    });
  });

  test.each(['source', 'target'] as const)(
    'but a byte now and then, as a %s, is ended by the signal of the caller',
    async (end) => {
      const stage = scene();
      const before = await stage.target.refs();
      const server = startFaultyServer(async (exchange) => {
        exchange.socket.on('error', () => undefined);
        begin(exchange, advertisementHeaders(end === 'source' ? 'git-upload-pack' : 'git-receive-pack'));
        exchange.write('ffec');
        while (!exchange.socket.destroyed) {
          exchange.write('x');
          await delay(20);
        }
      });
      await withServer(server, async ({ url }) => {
        const signal = AbortSignal.timeout(600);
        const request = { ...stage.ends, [end]: { url: `${url}/x.git` } };
        const error: unknown = await stage.client.sync(request, { signal }).catch((reason: unknown) => reason);
        expect(error).toMatchObject({ name: 'TimeoutError' });
        expect(error).toBe(signal.reason);
      });
      await expectUnharmed(stage.target, before);
    },
  );
});
