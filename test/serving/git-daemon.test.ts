import { once } from 'node:events';
import { connect, type Server, type Socket } from 'node:net';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { createGitDaemon, type GitDaemonOptions } from '../../src/server/git-daemon.ts';
import { createGitUploadService } from '../../src/server/git-upload-service.ts';
import { createNativeUploadService } from '../../src/server/native/native-upload-service.ts';
import { RepositoryRoot } from '../../src/server/repository-root.ts';
import type { RequestRecord } from '../../src/server/request-record.ts';
import type { UploadService } from '../../src/server/upload-service.ts';
import { encodePacket } from '../../src/wire/pkt-line.ts';
import { makeRepository } from '../repositories/make-repository.ts';
import { Repository } from '../repositories/repository.ts';
import { runGit } from '../repositories/run-git.ts';
import { makeTemporaryFolder, type TemporaryFolder } from '../repositories/temporary-folder.ts';

let folder: TemporaryFolder;
let root: string;
let source: Repository;
let services: Readonly<Record<'git' | 'native', UploadService>>;
let servers: Server[] = [];
let records: RequestRecord[] = [];

beforeAll(async () => {
  folder = await makeTemporaryFolder();
  root = join(folder.path, 'root');
  await mkdir(root);
  source = await makeRepository(join(root, 'group', 'a.git'), { commits: 12, branches: 2, tags: 3 });
  services = {
    git: await createGitUploadService(),
    native: createNativeUploadService({ workers: 1, cacheBytes: 0 }),
  };
});
afterEach(async () => {
  for (const server of servers) await new Promise((resolve) => server.close(resolve));
  servers = [];
  records = [];
});
afterAll(async () => {
  await services.native.close();
  await folder[Symbol.asyncDispose]();
});

async function serve(change: Partial<GitDaemonOptions> = {}): Promise<number> {
  // A late record belongs to the test that made it.
  const own = records;
  const server = createGitDaemon({
    repositories: new RepositoryRoot(root, { exportAll: true }),
    upload: services.git,
    onRequest: (record) => own.push(record),
    ...change,
  });
  servers.push(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

async function open(port: number): Promise<{ readonly socket: Socket; readonly all: Promise<string> }> {
  const socket = connect({ host: '127.0.0.1', port, allowHalfOpen: true });
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  let text = '';
  socket.on('data', (chunk: Buffer) => (text += chunk.toString('latin1')));
  return { socket, all: once(socket, 'close').then(() => text) };
}

const ask = async (port: number, request: string | Uint8Array): Promise<string> => {
  const { socket, all } = await open(port);
  socket.write(request);
  socket.once('end', () => socket.end());
  return all;
};

describe.each(['git', 'native'] as const)('stock git and the %s service', (name) => {
  test.each(['0', '1', '2'])('clones, deepens and fetches with protocol version %s', async (version) => {
    const port = await serve({ upload: services[name] });
    const url = `git://127.0.0.1:${port}/group/a`;
    const config = ['-c', `protocol.version=${version}`];
    const clone = new Repository(join(folder.path, `${name}-${version}.git`));
    await runGit([...config, 'clone', '-q', '--bare', '--depth=2', '--no-single-branch', url, clone.path]);
    await clone.git(...config, 'fetch', '-q', '--unshallow', url, '+refs/*:refs/*');
    await source.commit('refs/heads/main');
    await clone.git(...config, 'fetch', '-q', url, '+refs/*:refs/*');
    expect(await clone.refs()).toEqual(await source.refs());
    await clone.git('fsck', '--strict');
    await expect.poll(() => records).toHaveLength(3);
    expect(records[0]).toMatchObject({ method: 'git', repository: 'group/a', status: 200, isAbandoned: false });
    expect(records[0]?.error).toBeUndefined();
    expect(records[0]?.backend).toBe(name === 'git' ? 'git' : undefined);
  });

  test('a client that goes away ends everything within a second', async () => {
    const port = await serve({ upload: services[name] });
    const { socket } = await open(port);
    socket.write(encodePacket('git-upload-pack /group/a.git\0host=x\0'));
    await once(socket, 'data');
    socket.destroy();
    await expect.poll(() => records, { timeout: 1000 }).toHaveLength(1);
  });
});

describe('what is refused', () => {
  const denied = (path: string): string => `ERR access denied or repository not exported: ${path}`;

  test.each([
    ['/x.git'],
    ['/'],
    ['group/a.git'],
    ['/../group/a.git'],
    ['/group/../group/a.git'],
    ['//group/a.git'],
    ['~user/a.git'],
    ['/group/.git/a.git'],
  ])('%s', async (path) => {
    const port = await serve();
    expect(await ask(port, encodePacket(`git-upload-pack ${path}\0host=x\0`))).toContain(denied(path));
    await expect.poll(() => records[0]).toMatchObject({ status: 403 });
  });

  test('stock git says why', async () => {
    const port = await serve({ repositories: new RepositoryRoot(root) });
    await expect(runGit(['ls-remote', `git://127.0.0.1:${port}/group/a.git`])).rejects.toThrow(
      /remote error: access denied or repository not exported: \/group\/a\.git/,
    );
  });

  test.each(['git-receive-pack', 'git-upload-archive'])('%s', async (service) => {
    const port = await serve();
    expect(await ask(port, encodePacket(`${service} /group/a.git\0host=x\0`))).toContain(denied('/group/a.git'));
  });

  test.each([
    ['no pkt-line', 'GET / HTTP/1.0\r\n\r\n'],
    ['a flush', '0000'],
    ['an unknown word', '0010hello world!'],
    ['a second argument that is no host', Buffer.from(encodePacket('git-upload-pack /group/a.git\0x=y\0'))],
  ])('%s: the connection is closed without a word', async (_name, request) => {
    const port = await serve();
    expect(await ask(port, request)).toBe('');
    await expect.poll(() => records).toHaveLength(1);
  });

  test('a client that says nothing is left when its time is up', async () => {
    const port = await serve({ limits: { requestTimeMs: 200 } });
    const { socket, all } = await open(port);
    socket.write('00');
    socket.once('end', () => socket.end());
    expect(await all).toBe('');
    await expect.poll(() => records[0]?.error).toMatch(/given up/);
  });

  test('a connection that is half closed in the middle ends within a second', async () => {
    const port = await serve();
    const { socket } = await open(port);
    socket.write(encodePacket('git-upload-pack /group/a.git\0host=x\0'));
    await once(socket, 'data');
    socket.end('0032want');
    await expect.poll(() => records, { timeout: 1500 }).toHaveLength(1);
    socket.destroy();
  });

  test('one connection more than allowed is told to come again', async () => {
    const port = await serve({ limits: { maxConcurrentRequests: 1 } });
    const first = await open(port);
    first.socket.write(encodePacket('git-upload-pack /group/a.git\0host=x\0'));
    await once(first.socket, 'data');
    expect(await ask(port, encodePacket('git-upload-pack /group/a.git\0host=x\0'))).toContain(
      'ERR this server has too much',
    );
    first.socket.destroy();
    await delay(50);
  });
});
