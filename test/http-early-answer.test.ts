import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RequestBody } from '../src/transport/service-connection.ts';
import { startEarlyAnswerServer, type EarlyAnswerOptions } from './servers/early-answer.ts';
import { connectTo, failureOf, readAll } from './servers/http-client.ts';
import { makeCertificates, type Certificates } from './servers/tls.ts';

let directory: string;
let certificates: Certificates;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'git-mirror-early-'));
  certificates = makeCertificates(directory);
});

afterAll(async () => {
  await rm(directory, { recursive: true, force: true });
});

function keepBusy(ms: number): void {
  for (const end = performance.now() + ms; performance.now() < end;);
}

async function* chunks(pause: 'none' | 'busy' | 'idle'): AsyncGenerator<Uint8Array, void, void> {
  for (let count = 0; count < 300; count += 1) {
    yield Buffer.alloc(65_536);
    if (pause === 'busy') keepBusy(3);
    if (pause === 'idle') await delay(1);
  }
}

const bodies: Readonly<Record<string, () => RequestBody>> = {
  'a fast stream': () => chunks('none'),
  'a stream that keeps the event loop busy': () => chunks('busy'),
  'a slow stream': () => chunks('idle'),
  'a stream of one large chunk': async function* () {
    yield Buffer.alloc(20_000_000);
    await delay(30);
    yield Buffer.alloc(10);
  },
  'a short stream': async function* () {
    yield Buffer.alloc(200);
    await delay(30);
    yield Buffer.alloc(10);
  },
  'a large array': () => Buffer.alloc(20_000_000),
  'a small array': () => Buffer.alloc(200),
};

const servers: readonly (readonly [
  name: string,
  options: Pick<EarlyAnswerOptions, 'leave' | 'readBytes'>,
  isTls: boolean,
])[] = [
  ['that ends politely', { leave: 'end', readBytes: 0 }, false],
  ['that closes at once', { leave: 'destroy', readBytes: 0 }, false],
  ['that resets', { leave: 'reset', readBytes: 100 }, false],
  ['over TLS that ends politely', { leave: 'end', readBytes: 100 }, true],
  ['over TLS that closes at once', { leave: 'destroy', readBytes: 0 }, true],
];

describe.each(servers)('an answer to an unfinished request by a server %s', (_name, options, isTls) => {
  it.each(Object.keys(bodies))('reaches the sender of %s', async (name) => {
    const server = await startEarlyAnswerServer({
      status: 413,
      text: 'too large for us',
      ...options,
      ...(isTls ? { tls: certificates.server } : {}),
    });
    try {
      for (let round = 0; round < 4; round += 1) {
        const connection = await connectTo(`${server.url}/x.git`, {
          service: 'git-receive-pack',
          caFile: certificates.caFile,
        });
        await readAll(connection.advertisement);
        const error = await failureOf(connection.request(bodies[name]?.() ?? Buffer.alloc(0)));
        await connection.close();
        expect(error).toMatchObject({ code: 'GM_TOO_LARGE', details: { status: 413, serverText: 'too large for us' } });
      }
    } finally {
      await server.close();
    }
  });
});
