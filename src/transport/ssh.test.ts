import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
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
import { startSshd, type SshdServer } from '../../test/servers/sshd.ts';
import { installScript } from '../../test/servers/helper-script.ts';
import { displayUrl } from './display-url.ts';
import type { ConnectOptions, ProtocolVersion } from './connect-options.ts';
import { parseEndpoint } from './parse-endpoint.ts';
import type { GitService, ServiceConnection } from './service-connection.ts';
import { connectSsh } from './ssh.ts';

describe('ssh, against OpenSSH', () => {
  let folder: string;
  let sample: SampleRepository;
  let server: SshdServer;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'git-mirror ssh-'));
    sample = await createSampleRepository(join(folder, "it's a repo!.git"));
    server = await startSshd({ root: folder });
  });

  afterAll(async () => {
    await server.close();
    await rm(folder, { recursive: true, force: true });
  });

  function open(
    url: string,
    service: GitService,
    protocol: ProtocolVersion,
    extra: Partial<ConnectOptions> = {},
  ): Promise<ServiceConnection> {
    const endpoint = parseEndpoint(url);
    if (endpoint.transport !== 'ssh') throw new Error('not ssh');
    const env = { ...server.env, ...extra.env };
    return connectSsh(endpoint, displayUrl(url), connectOptions(service, protocol, { ...extra, env }));
  }

  const sampleLines = (): string[] => sample.refs.map(({ name, oid }) => `${oid} ${name}`);

  it('speaks protocol version 2', async () => {
    const connection = await open(server.urlFor(sample.path), 'git-upload-pack', 2);
    const { capabilities, refs } = await lsRefsV2(connection);
    expect(capabilities[0]).toBe('version 2');
    expect(refs.toSorted()).toEqual(sampleLines().toSorted());
    expect(connection.mode).toBe('stateful');
    await connection.close();
  });

  it('speaks the older versions', async () => {
    const withOne = await open(server.urlFor(sample.path), 'git-upload-pack', 1);
    expect((await readRefsV0(withOne))[0]).toBe('version 1');
    await withOne.close();
    const withNone = await open(server.urlFor(sample.path), 'git-upload-pack', 0);
    expect(await readRefsV0(withNone)).toEqual(expect.arrayContaining(sampleLines()));
    await withNone.close();
  });

  it('finds a host by its scp form and a port in brackets', async () => {
    const url = `${server.user}@[127.0.0.1:${String(server.port)}]:${sample.path}`;
    const connection = await open(url, 'git-upload-pack', 2);
    expect((await lsRefsV2(connection)).refs).toHaveLength(sample.refs.length);
    await connection.close();
  });

  it('uses GIT_SSH without a shell, and finds out what kind of ssh it is', async () => {
    const command = server.env.GIT_SSH_COMMAND.split(' ');
    const { path } = await installScript(
      folder,
      'my ssh program',
      `const args = [...${JSON.stringify(command.slice(1))}, ...process.argv.slice(2)];
       process.exitCode = require('node:child_process').spawnSync('ssh', args, { stdio: 'inherit' }).status;`,
    );
    const endpoint = parseEndpoint(server.urlFor(sample.path));
    if (endpoint.transport !== 'ssh') throw new Error('not ssh');
    const options = {
      ...connectOptions('git-upload-pack', 2),
      env: { ...process.env, GIT_SSH_COMMAND: undefined, GIT_SSH: path },
    };
    const connection = await connectSsh(endpoint, 'ssh://test', options);
    expect((await lsRefsV2(connection)).capabilities[0]).toBe('version 2');
    await connection.close();
  });

  it('pushes', async () => {
    const target = join(folder, 'target.git');
    await createEmptyRepository(target);
    const main = sample.refs.find(({ name }) => name === 'refs/heads/main');
    if (main === undefined) throw new Error('no main');
    const connection = await open(server.urlFor(target), 'git-receive-pack', 2);
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
    const connection = await open(server.urlFor(target), 'git-receive-pack', 0);
    const answer = await connection.request(brokenPushBody(sample.path, ref.name, ref.oid, failure));
    await expect(drain(answer)).rejects.toBe(failure);
    await connection.close();
    expect(await listRefs(target)).toEqual([]);
    expect((await readdir(join(target, 'objects'))).toSorted()).toEqual(['info', 'pack']);
    await git(['-C', target, 'fsck']);
  });

  it('says when there is no such repository', async () => {
    await expect(open(server.urlFor('absent.git'), 'git-upload-pack', 2)).rejects.toMatchObject({
      code: 'GM_NOT_FOUND',
      message: /absent\.git.*ssh said: fatal: .*does not appear to be a git repository/,
    });
  });

  it('says when the key is refused, and never asks', async () => {
    const env = server.strangerEnv;
    await expect(open(server.urlFor(sample.path), 'git-upload-pack', 2, { env })).rejects.toMatchObject({
      code: 'GM_AUTH',
      message: /Permission denied \(publickey\)/,
    });
  });

  it('says when the host key is not known', async () => {
    const env = server.newcomerEnv;
    await expect(open(server.urlFor(sample.path), 'git-upload-pack', 2, { env })).rejects.toMatchObject({
      code: 'GM_AUTH',
      message: /Host key verification failed/,
    });
  });

  it('says when nothing listens there', async () => {
    await expect(open(`ssh://${server.user}@127.0.0.1:1/x`, 'git-upload-pack', 2)).rejects.toMatchObject({
      code: 'GM_NETWORK',
      message: /Connection refused/,
    });
  });

  it('ends on abort in the middle of a conversation', async () => {
    const controller = new AbortController();
    const connection = await open(server.urlFor(sample.path), 'git-upload-pack', 2, { signal: controller.signal });
    const reason = new Error('enough');
    await lsRefsV2(connection);
    const next = connection.advertisement.next();
    controller.abort(reason);
    await expect(next).rejects.toBe(reason);
    await connection.close();
  });
});
