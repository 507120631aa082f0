import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makeStandard } from '../parity/served-repositories.ts';
import { incompressibleBytes } from '../repositories/random-bytes.ts';
import type { Repository } from '../repositories/repository.ts';
import { runGit } from '../repositories/run-git.ts';
import { makeTemporaryFolder, type TemporaryFolder } from '../repositories/temporary-folder.ts';
import { forkServer, type ForkedServer } from '../servers/forked-server.ts';
import { rawStatus } from '../serving/git-front.ts';
import { closed, fetchRequest, openPost, packet, post } from './raw-client.ts';

const requestTimeMs = 4000;
const million = 1_000_000;
const mebibyte = 1024 * 1024;

describe('requests that are meant to do harm', () => {
  let folder: TemporaryFolder;
  let repository: Repository;
  let server: ForkedServer;
  let tip: string;
  let url: string;

  beforeAll(async () => {
    folder = await makeTemporaryFolder();
    const root = join(folder.path, 'served');
    repository = await makeStandard(root, 'sha1', { 'uploadpack.allowFilter': 'true' });
    // Enough that an answer does not fit into the buffers of a connection.
    await repository.commit('refs/heads/large', { files: { 'noise.bin': incompressibleBytes(24 * mebibyte, 5) } });
    tip = await repository.resolve('main');
    server = await forkServer({ backend: 'native', root, limits: { requestTimeMs, maxConcurrentRequests: 32 } });
    url = `${server.url}repo.git`;
    await expectWorking();
  });
  afterAll(async () => {
    await server[Symbol.asyncDispose]();
    await folder[Symbol.asyncDispose]();
  });

  /** The server is the one that was started, and does what it is there for. */
  async function expectWorking(): Promise<void> {
    expect(server.isAlive()).toBe(true);
    expect(await runGit(['ls-remote', url, 'refs/heads/main'])).toBe(`${tip}\trefs/heads/main`);
  }

  test.each([
    ['no length', Buffer.from('zzzz')],
    ['a length of 3', Buffer.from('0003')],
    ['a negative length', Buffer.from('-001')],
    ['a length that is cut short', Buffer.from('00')],
    ['a packet that is cut short', Buffer.from('0040command=fetch')],
    ['a packet longer than any may be', Buffer.concat([Buffer.from('ffff'), Buffer.alloc(65_531, 97)])],
    ['an empty packet', Buffer.from('0004')],
    ['nothing but delimiters', Buffer.from('0001'.repeat(1000))],
    ['no end', fetchRequest([`want ${'1'.repeat(40)}`]).subarray(0, -4)],
    ['noise', incompressibleBytes(100_000, 3)],
    ['zeros', Buffer.alloc(100_000)],
    ['a line of 64 KB without an end', packet(`command=${'f'.repeat(65_000)}`)],
  ])('%s is refused', async (_, body) => {
    for (const gitProtocol of ['version=2', 'version=1', '']) {
      const { status, text } = await post(url, body, { 'git-protocol': gitProtocol });
      expect([200, 400]).toContain(status);
      expect(text).not.toContain('PACK');
    }
    await expectWorking();
  });

  test.each([
    ['wants of the same object', () => fetchRequest([...repeat(`want ${tip}`), 'done'])],
    ['wants of objects that are not there', () => fetchRequest([...numbered('want '), 'done'])],
    ['haves', () => fetchRequest([`want ${tip}`, ...numbered('have '), 'done'])],
    ['shallow lines', () => fetchRequest([`want ${tip}`, ...numbered('shallow '), 'done'])],
    ['deepen-nots', () => fetchRequest([`want ${tip}`, ...repeat('deepen-not refs/heads/topic'), 'done'])],
  ])(
    'a million %s',
    async (_, body) => {
      const { status } = await post(url, body());
      expect([200, 400, 413]).toContain(status);
      await expectWorking();
    },
    180_000,
  );

  test.each([
    ['combined 7,000 deep', `combine:${'combine:'.repeat(7000)}blob:none`],
    ['escaped over and over', `combine:${'combine%3A'.repeat(6000)}tree:0`],
    ['with 10,000 parts', `combine:${'tree:1+'.repeat(9000)}tree:1`],
    ['of no sense', `sparse:oid=${'x'.repeat(60_000)}`],
    ['with a number too large', `blob:limit=${'9'.repeat(60_000)}`],
    ['with a depth too large', 'tree:99999999999999999999'],
  ])('a filter %s', async (_, filter) => {
    const { status } = await post(url, fetchRequest([`want ${tip}`, `filter ${filter}`, 'done']));
    expect([200, 400]).toContain(status);
    await expectWorking();
  });

  test('a body that unpacks to more than is taken', async () => {
    const before = server.rssBytes();
    const bomb = gzipSync(Buffer.alloc(600 * mebibyte, '0001'), { level: 9 });
    for (let count = 0; count < 3; count += 1) {
      const { status } = await post(url, bomb, { 'content-encoding': 'gzip' });
      expect([400, 413]).toContain(status);
    }
    expect(server.rssBytes() - before).toBeLessThan(200 * mebibyte);
    const { status } = await post(url, incompressibleBytes(1000, 1), { 'content-encoding': 'gzip' });
    expect(status).toBe(400);
    await expectWorking();
  });

  test('a body larger than is taken', async () => {
    const { status } = await post(url, Buffer.alloc(70 * mebibyte, '0001'));
    // 0: the answer came, and the connection was closed, while the body was still being sent.
    expect([413, 0]).toContain(status);
    await expectWorking();
  });

  test('a client that sends slowly is given up', async () => {
    const body = fetchRequest([`want ${tip}`, 'done']);
    const sockets = await Promise.all(
      Array.from({ length: 20 }, () => openPost(server.port, '/repo.git', body.length, body.subarray(0, 20))),
    );
    await expectWorking();
    await Promise.all(sockets.map((socket) => closed(socket.resume(), requestTimeMs * 3)));
    await expectWorking();
  });

  test('a client that reads slowly is given up', async () => {
    const large = await repository.resolve('refs/heads/large');
    const body = fetchRequest([`want ${large}`, 'done']);
    const sockets = await Promise.all(
      Array.from({ length: 10 }, async () => (await openPost(server.port, '/repo.git', body.length, body)).pause()),
    );
    await delay(500);
    await expectWorking();
    await delay(requestTimeMs * 2);
    // Whoever reads on after that finds the connection cut.
    await Promise.all(sockets.map((socket) => closed(socket.resume(), requestTimeMs * 2)));
    await expectWorking();
  });

  test('connections that are half closed, or cut at any moment', async () => {
    const body = fetchRequest([`want ${await repository.resolve('refs/heads/large')}`, 'done']);
    for (let count = 0; count < 30; count += 1) {
      const socket = await openPost(
        server.port,
        '/repo.git',
        body.length,
        body.subarray(0, count % 3 === 0 ? 30 : undefined),
      );
      if (count % 2 === 0) socket.end();
      socket.on('error', () => undefined);
      await delay(count * 3);
      socket.destroy();
    }
    await expectWorking();
  });

  test('hundreds of connections at once', async () => {
    const body = fetchRequest([`want ${tip}`, 'done']);
    const answers = await Promise.all(Array.from({ length: 300 }, () => post(url, body)));
    expect(answers.filter(({ status }) => ![200, 429, 503].includes(status))).toEqual([]);
    expect(answers.some(({ status, text }) => status === 200 && text.includes('PACK'))).toBe(true);
    await expectWorking();
  });

  test.each([
    '/../repo.git/HEAD',
    '/%2e%2e/%2e%2e/etc/passwd',
    '/repo.git/../../../etc/passwd',
    '/repo.git/objects/../../../etc/passwd',
    '/repo.git/objects/%2e%2e/config',
    '/repo.git/config',
    '/repo.git/hooks/update',
    '/repo.git/logs/HEAD',
    '/repo.git/objects/info/../../config',
    '/repo.git%00/HEAD',
    '/repo.git%2fHEAD',
    '/repo.git\\..\\HEAD',
    '//etc/passwd',
    '/./repo.git/config',
    `/${'a/'.repeat(3000)}HEAD`,
    '/repo.git/info/refs?service=git-receive-pack',
    '/repo.git/info/refs?service=../../bin/sh',
  ])('the path %s leads nowhere', async (target) => {
    expect([400, 403, 404, 414, 431]).toContain(await rawStatus(server.port, target));
    await expectWorking();
  });

  test('objects that no ref shows are not given', async () => {
    await repository.configure('transfer.hideRefs', 'refs/internal');
    const hidden = await repository.commit('refs/internal/secret', { from: null });
    // Version 2 gives whatever is there to whoever knows its name, as git does. The older ones do not.
    const body = Buffer.concat([
      packet(`want ${hidden} side-band-64k no-progress\n`),
      Buffer.from('0000'),
      packet('done\n'),
    ]);
    for (const gitProtocol of ['', 'version=1']) {
      const { status, text } = await post(url, body, { 'git-protocol': gitProtocol });
      expect(text).not.toContain('PACK');
      expect(text).toContain('not our ref');
      expect(status).toBe(200);
    }
    expect(await runGit(['ls-remote', url])).not.toContain('secret');
  });

  test('memory does not grow with the number of bad requests', async () => {
    const bodies = [
      fetchRequest([...numbered('want ', 20_000), 'done']),
      fetchRequest([`want ${tip}`, ...numbered('have ', 20_000)]),
      fetchRequest([`want ${tip}`, `filter combine:${'combine:'.repeat(5000)}tree:0`, 'done']),
      Buffer.from('0003'),
    ];
    const round = async (): Promise<number> => {
      for (let count = 0; count < 3; count += 1) for (const body of bodies) await post(url, body);
      return server.rssBytes();
    };
    await round();
    const first = await round();
    let last = first;
    for (let count = 0; count < 3; count += 1) last = await round();
    expect((last - first) / mebibyte).toBeLessThan(100);
    await expectWorking();
  });
});

function repeat(line: string): readonly string[] {
  return Array.from({ length: million }, () => line);
}

/** Lines with object names that no two share and nobody has. */
function numbered(begin: string, count = million): readonly string[] {
  return Array.from({ length: count }, (_, index) => begin + index.toString(16).padStart(40, 'a'));
}
