import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startGitDaemon, type GitDaemonServer } from '../../test/servers/git-daemon.ts';
import {
  createEmptyRepository,
  createSampleRepository,
  git,
  listRefs,
  type SampleRepository,
} from '../../test/servers/sample-repository.ts';
import {
  brokenPushBody,
  connectOptions,
  drain,
  lsRefsV2,
  pushRef,
  readRefsV0,
} from '../../test/servers/service-exercise.ts';
import { decodeUtf8 } from '../core/bytes.ts';
import type { ConnectOptions, ProtocolVersion } from './connect-options.ts';
import { connectGitDaemon, encodeDaemonRequest } from './git-daemon.ts';
import { parseEndpoint } from './parse-endpoint.ts';
import type { GitService, ServiceConnection } from './service-connection.ts';

function open(
  url: string,
  service: GitService,
  protocol: ProtocolVersion,
  extra: Partial<ConnectOptions> = {},
): Promise<ServiceConnection> {
  const endpoint = parseEndpoint(url);
  if (endpoint.transport !== 'git') throw new Error('not git://');
  return connectGitDaemon(endpoint, url, connectOptions(service, protocol, extra));
}

describe('encodeDaemonRequest', () => {
  it.each([
    ['git://host/x', undefined, '0028git-upload-pack /x\0host=host\0'],
    ['git://host:9419/x', 'version=2', '0037git-upload-pack /x\0host=host:9419\0\0version=2\0'],
    ['git://[::1]:9419/x', undefined, '002dgit-upload-pack /x\0host=[::1]:9419\0'],
  ])('asks for %s', (url, protocol, expected) => {
    const endpoint = parseEndpoint(url);
    if (endpoint.transport !== 'git') throw new Error('not git://');
    const request = decodeUtf8(encodeDaemonRequest('git-upload-pack', endpoint, protocol));
    expect(request.slice(4)).toBe(expected.slice(4));
    expect(Number.parseInt(request.slice(0, 4), 16)).toBe(request.length);
  });
});

describe('git://, against git daemon', () => {
  let folder: string;
  let sample: SampleRepository;
  let server: GitDaemonServer;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'git-mirror-daemon-'));
    sample = await createSampleRepository(join(folder, 'a b.git'));
    server = await startGitDaemon({ root: folder, receivePack: true });
  });

  afterAll(async () => {
    await server.close();
    await rm(folder, { recursive: true, force: true });
  });

  const sampleLines = (): string[] => sample.refs.map(({ name, oid }) => `${oid} ${name}`);

  it('speaks all versions of the protocol', async () => {
    const two = await open(`${server.url}/a%20b.git`, 'git-upload-pack', 2);
    const { capabilities, refs } = await lsRefsV2(two);
    expect(capabilities[0]).toBe('version 2');
    expect(refs.toSorted()).toEqual(sampleLines().toSorted());
    await two.close();
    const one = await open(`${server.url}/a%20b.git`, 'git-upload-pack', 1);
    expect((await readRefsV0(one))[0]).toBe('version 1');
    await one.close();
    const none = await open(`${server.url}/a%20b.git`, 'git-upload-pack', 0);
    expect(await readRefsV0(none)).toEqual(expect.arrayContaining(sampleLines()));
    await none.close();
  });

  it('pushes', async () => {
    const target = join(folder, 'target.git');
    await createEmptyRepository(target);
    const main = sample.refs.find(({ name }) => name === 'refs/heads/main');
    if (main === undefined) throw new Error('no main');
    const connection = await open(`${server.url}/target.git`, 'git-receive-pack', 2);
    expect(await pushRef(connection, sample.path, main.name, main.oid)).toEqual(['unpack ok', 'ok refs/heads/main']);
    await connection.close();
    expect(await listRefs(target)).toEqual([main]);
    await git(['-C', target, 'fsck', '--strict']);
  });

  it('leaves the target as it was when the pack breaks off', async () => {
    const target = join(folder, 'untouched.git');
    await createEmptyRepository(target);
    const [ref] = sample.refs;
    if (ref === undefined) throw new Error('no ref');
    const failure = new Error('the source went away');
    const connection = await open(`${server.url}/untouched.git`, 'git-receive-pack', 0);
    const answer = await connection.request(brokenPushBody(sample.path, ref.name, ref.oid, failure));
    await expect(drain(answer)).rejects.toBe(failure);
    await connection.close();
    expect(await listRefs(target)).toEqual([]);
    expect((await readdir(join(target, 'objects'))).toSorted()).toEqual(['info', 'pack']);
  });

  it('says when there is no such repository', async () => {
    await expect(open(`${server.url}/absent.git`, 'git-upload-pack', 2)).rejects.toMatchObject({
      code: 'GM_NOT_FOUND',
      message: /the server said: no such repository/,
    });
  });

  it('says when nothing listens there', async () => {
    await expect(open('git://127.0.0.1:1/x', 'git-upload-pack', 2)).rejects.toMatchObject({ code: 'GM_NETWORK' });
  });

  it('says when a push is not enabled', async () => {
    const readOnly = await startGitDaemon({ root: folder });
    try {
      await expect(open(`${readOnly.url}/a%20b.git`, 'git-receive-pack', 0)).rejects.toMatchObject({
        code: 'GM_FORBIDDEN',
      });
    } finally {
      await readOnly.close();
    }
  });
});

describe('git://, against a server that misbehaves', () => {
  let server: Server;
  let url: string;
  let behave: (socket: Socket) => void = () => undefined;
  const sockets = new Set<Socket>();

  beforeAll(async () => {
    server = createServer((socket) => {
      sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => sockets.delete(socket));
      socket.resume();
      behave(socket);
    });
    await new Promise<void>((resolve) => {
      server.listen(0, '127.0.0.1', resolve);
    });
    const address = server.address();
    url = `git://127.0.0.1:${typeof address === 'object' && address !== null ? String(address.port) : ''}/x`;
  });

  afterAll(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });

  it('says when it hangs up without a word', async () => {
    behave = (socket) => socket.end();
    await expect(open(url, 'git-upload-pack', 2)).rejects.toMatchObject({
      code: 'GM_NETWORK',
      message: /without a word/,
    });
  });

  it('reports a reset', async () => {
    behave = (socket) => {
      socket.write('000eversion 2\n', () => setTimeout(() => socket.resetAndDestroy(), 50));
    };
    const connection = await open(url, 'git-upload-pack', 2);
    await connection.advertisement.next();
    await expect(connection.advertisement.next()).rejects.toMatchObject({ code: 'GM_NETWORK', retryable: true });
    await connection.close();
  });

  it('does not wait for ever, and can be aborted', async () => {
    behave = () => undefined;
    await expect(open(url, 'git-upload-pack', 2, { idleTimeoutMs: 200 })).rejects.toMatchObject({ code: 'GM_TIMEOUT' });
    const reason = new Error('enough');
    const controller = new AbortController();
    setTimeout(() => {
      controller.abort(reason);
    }, 50);
    await expect(open(url, 'git-upload-pack', 2, { signal: controller.signal })).rejects.toBe(reason);
    await expect.poll(() => sockets.size).toBe(0);
  });
});
