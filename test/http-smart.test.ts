import { execFile, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { streamOf } from '../src/core/byte-stream.ts';
import { startApache, type Apache } from './servers/apache.ts';
import { connectTo, failureOf, pktLine, readAll } from './servers/http-client.ts';
import { startHttpBackend, type HttpBackend } from './servers/http-backend.ts';

const run = promisify(execFile);
const lsRefs = `${pktLine('command=ls-refs\n')}0001${pktLine('ref-prefix refs/\n')}0000`;

let root: string;
let oid: string;
let backend: HttpBackend;
let apache: Apache;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'git-mirror-http-'));
  await run('git', ['init', '-q', '--initial-branch=main', join(root, 'work')]);
  await writeFile(join(root, 'work', 'big'), randomBytes(3_000_000));
  await run('git', ['-C', join(root, 'work'), 'add', '.']);
  await run('git', ['-C', join(root, 'work'), 'commit', '-q', '-m', 'first']);
  oid = (await run('git', ['-C', join(root, 'work'), 'rev-parse', 'HEAD'])).stdout.trim();
  await run('git', ['clone', '-q', '--bare', join(root, 'work'), join(root, 'x.git')]);
  for (const name of ['backend', 'apache']) await run('git', ['init', '-q', '--bare', join(root, `${name}.git`)]);
  await run('git', ['--git-dir', join(root, 'apache.git'), 'config', 'http.receivepack', 'true']);
  backend = await startHttpBackend({ root });
  apache = await startApache({ root });
});

afterAll(async () => {
  await Promise.allSettled([backend.close(), apache.close()]);
  await rm(root, { recursive: true, force: true });
});

const servers = [
  ['http-backend', () => backend.url],
  ['Apache', () => `${apache.url}/git`],
] as const;

describe.each(servers)('smart HTTP against %s', (name, base) => {
  it.each([0, 1, 2] as const)('reads the advertisement in version %i', async (protocol) => {
    const connection = await connectTo(`${base()}/x.git/`, { protocol });
    const text = (await readAll(connection.advertisement)).toString();
    await connection.close();
    expect(connection.mode).toBe('stateless');
    expect(connection.displayUrl).toBe(`${base()}/x.git`);
    expect(text.includes('version 2')).toBe(protocol === 2);
    expect(text.includes('version 1')).toBe(protocol === 1);
    expect(text.includes(`${oid} HEAD`)).toBe(protocol !== 2);
  });

  it('posts a request of known length, plain and compressed, and fetches a pack', async () => {
    const connection = await connectTo(`${base()}/x.git`);
    await readAll(connection.advertisement);
    const padding = Array.from({ length: 100 }, () => pktLine('ref-prefix refs/none\n')).join('');
    const long = Buffer.from(`${pktLine('command=ls-refs\n')}0001${padding}${pktLine('ref-prefix refs/\n')}0000`);
    for (const [body, compress] of [
      [Buffer.from(lsRefs), false],
      [long, false],
      [long, true],
    ] as const) {
      const answer = await readAll(await connection.request(body, { compress }));
      expect(answer.toString()).toBe(`${pktLine(`${oid} refs/heads/main\n`)}0000`);
    }
    const fetch = `${pktLine('command=fetch')}0001${pktLine(`want ${oid}\n`)}${pktLine('done\n')}0000`;
    const pack = await readAll(await connection.request(Buffer.from(fetch)));
    await connection.close();
    expect(pack.subarray(0, 13).toString()).toBe('000dpackfile\n');
    expect(pack.length).toBeGreaterThan(3_000_000);
  });

  it('pushes a streamed pack', async () => {
    const connection = await connectTo(`${base()}/${name === 'Apache' ? 'apache' : 'backend'}.git`, {
      service: 'git-receive-pack',
      protocol: 0,
    });
    await readAll(connection.advertisement);
    const answer = await readAll(await connection.request(pushOf(oid)));
    await connection.close();
    expect(answer.toString()).toBe(`${pktLine('unpack ok\n')}${pktLine('ok refs/heads/main\n')}0000`);
    const target = join(root, `${name === 'Apache' ? 'apache' : 'backend'}.git`);
    await run('git', ['-c', 'safe.directory=*', '--git-dir', target, 'fsck', '--connectivity-only']);
    expect((await run('git', ['--git-dir', target, 'rev-parse', 'main'])).stdout.trim()).toBe(oid);
  });

  it('says so when there is no repository', async () => {
    const error = await failureOf(connectTo(`${base()}/none.git`));
    expect(error.code).toBe('GM_NOT_FOUND');
    expect(error.details).toMatchObject({ status: 404, url: `${base()}/none.git`, service: 'git-upload-pack' });
  });
});

/** A push of everything that `tip` reaches, to `refs/heads/main`, as it comes out of `git pack-objects`. */
async function* pushOf(tip: string): AsyncGenerator<Uint8Array, void, void> {
  yield Buffer.from(`${pktLine(`${'0'.repeat(40)} ${tip} refs/heads/main\0report-status`)}0000`);
  const child = spawn('git', ['-C', join(root, 'work'), 'pack-objects', '--revs', '--stdout', '-q'], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  child.stdin.end(`${tip}\n`);
  yield* child.stdout as AsyncIterable<Uint8Array>;
}

describe('what goes over the wire', () => {
  it('sends the headers that git sends', async () => {
    const own = await startHttpBackend({ root });
    try {
      await run('git', [
        '-c',
        'protocol.version=2',
        '-c',
        'http.userAgent=git-mirror/test',
        'ls-remote',
        `${own.url}/x.git`,
      ]);
      const gits = own.requests.splice(0);
      const connection = await connectTo(`${own.url}/x.git`);
      await readAll(connection.advertisement);
      await readAll(await connection.request(Buffer.from(lsRefs)));
      await connection.close();
      const [ours, theirs] = [own.requests, gits].map((requests) =>
        requests.map(({ method, url, headers }) => ({
          method,
          url,
          accept: headers['accept'],
          type: headers['content-type'],
          protocol: headers['git-protocol'],
          agent: headers['user-agent'],
          gzip: headers['accept-encoding']?.includes('gzip'),
        })),
      );
      expect(ours).toEqual(theirs);
      expect(own.requests.map(({ headers }) => headers['pragma'])).toEqual(['no-cache', 'no-cache']);
    } finally {
      await own.close();
    }
  });

  it('uses one connection for everything, even when answers are left before their end', async () => {
    const own = await startHttpBackend({ root });
    try {
      const connection = await connectTo(`${own.url}/x.git`);
      await connection.advertisement.next();
      await connection.advertisement.return?.();
      for (let round = 0; round < 3; round += 1) {
        for await (const chunk of await connection.request(Buffer.from(lsRefs))) {
          expect(chunk.length).toBeGreaterThan(0);
          break;
        }
      }
      await readAll(await connection.request(streamOf(Buffer.from(lsRefs.slice(0, 9)), Buffer.from(lsRefs.slice(9)))));
      await connection.close();
      expect(own.requests.map((request) => [request.method, request.connection])).toEqual([
        ['GET', 0],
        ...Array.from({ length: 4 }, () => ['POST', 0]),
      ]);
    } finally {
      await own.close();
    }
  });

  it('chunks streams, gives the length of arrays, compresses only long ones, and tells the meter', async () => {
    const own = await startHttpBackend({ root });
    const counts = { requests: 0, sent: 0, received: 0 };
    const meter = {
      request: () => (counts.requests += 1),
      sent: (bytes: number) => (counts.sent += bytes),
      received: (bytes: number) => (counts.received += bytes),
    };
    try {
      const connection = await connectTo(`${own.url}/x.git`, { meter });
      const advertisement = await readAll(connection.advertisement);
      const short = await readAll(await connection.request(Buffer.from(lsRefs), { compress: true }));
      const stream = await readAll(await connection.request(streamOf(Buffer.from(lsRefs)), { compress: true }));
      const long = Buffer.from(lsRefs.replace('0000', '') + `${pktLine('ref-prefix refs/none\n').repeat(200)}0000`);
      const zipped = await readAll(await connection.request(long, { compress: true }));
      await connection.close();
      expect(
        own.requests
          .slice(1)
          .map(({ headers }) => [headers['content-length'], headers['transfer-encoding'], headers['content-encoding']]),
      ).toEqual([
        [String(lsRefs.length), undefined, undefined],
        [undefined, 'chunked', undefined],
        [expect.stringMatching(/^\d{2,3}$/), undefined, 'gzip'],
      ]);
      const zippedBytes = own.requests[3]?.bodyBytes ?? 0;
      expect(zippedBytes).toBeLessThan(long.length / 4);
      expect(counts).toEqual({
        requests: 4,
        sent: 2 * lsRefs.length + zippedBytes,
        received: advertisement.length + short.length + stream.length + zipped.length,
      });
    } finally {
      await own.close();
    }
  });
});
