import { mkdir, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
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
import type { ConnectOptions, ProtocolVersion } from './connect-options.ts';
import { connectLocal } from './local.ts';
import { parseEndpoint } from './parse-endpoint.ts';
import type { GitService, ServiceConnection } from './service-connection.ts';

let folder: string;
let bare: SampleRepository;
let work: SampleRepository;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'git-mirror local-'));
  bare = await createSampleRepository(join(folder, 'bare.git'));
  work = await createSampleRepository(join(folder, "it's work"), { bare: false });
});

afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

function open(
  url: string,
  service: GitService,
  protocol: ProtocolVersion,
  extra: Partial<ConnectOptions> = {},
): Promise<ServiceConnection> {
  const endpoint = parseEndpoint(url);
  if (endpoint.transport !== 'local') throw new Error('not local');
  return connectLocal(endpoint, url, connectOptions(service, protocol, extra));
}

const linesOf = ({ refs }: SampleRepository): string[] => refs.map(({ name, oid }) => `${oid} ${name}`);

describe('a repository on this machine', () => {
  it('is read in all versions of the protocol', async () => {
    const two = await open(bare.path, 'git-upload-pack', 2);
    const { capabilities, refs } = await lsRefsV2(two);
    expect(capabilities[0]).toBe('version 2');
    expect(refs.toSorted()).toEqual(linesOf(bare).toSorted());
    await two.close();
    const none = await open(bare.path, 'git-upload-pack', 0);
    expect(await readRefsV0(none)).toEqual(expect.arrayContaining(linesOf(bare)));
    await none.close();
  });

  it('may be a file URL, have a work tree, or be named without .git', async () => {
    for (const url of [`file://${encodeURI(work.path)}`, work.path, join(work.path, '.git'), join(folder, 'bare')]) {
      const connection = await open(url, 'git-upload-pack', 2);
      expect((await lsRefsV2(connection)).refs).toHaveLength(3);
      await connection.close();
    }
  });

  it('takes a push', async () => {
    const target = join(folder, 'target.git');
    await createEmptyRepository(target);
    const main = bare.refs.find(({ name }) => name === 'refs/heads/main');
    if (main === undefined) throw new Error('no main');
    const connection = await open(target, 'git-receive-pack', 2);
    expect(await pushRef(connection, bare.path, main.name, main.oid)).toEqual(['unpack ok', 'ok refs/heads/main']);
    await connection.close();
    expect(await listRefs(target)).toEqual([main]);
  });

  it('is as it was after a push that broke off, with no leftovers', async () => {
    const target = join(folder, 'untouched.git');
    await createEmptyRepository(target);
    const before = (await readdir(join(target, 'objects'))).toSorted();
    const [ref] = bare.refs;
    if (ref === undefined) throw new Error('no ref');
    const failure = new Error('the source went away');
    const connection = await open(target, 'git-receive-pack', 0);
    const answer = await connection.request(brokenPushBody(bare.path, ref.name, ref.oid, failure));
    await expect(drain(answer)).rejects.toBe(failure);
    await connection.close();
    expect(await listRefs(target)).toEqual([]);
    expect((await readdir(join(target, 'objects'))).toSorted()).toEqual(before);
  });

  it('is the one that was named, whatever repository the caller is in', async () => {
    const env = { GIT_DIR: work.path, GIT_OBJECT_DIRECTORY: '/nowhere', GIT_QUARANTINE_PATH: '/nowhere' };
    const target = join(folder, 'from-hook.git');
    await createEmptyRepository(target);
    const [ref] = bare.refs;
    if (ref === undefined) throw new Error('no ref');
    const connection = await open(target, 'git-receive-pack', 0, { env });
    expect(await pushRef(connection, bare.path, ref.name, ref.oid)).toEqual(['unpack ok', `ok ${ref.name}`]);
    await connection.close();
  });

  it('is missed with a sentence', async () => {
    await expect(open(join(folder, 'absent'), 'git-upload-pack', 2)).rejects.toMatchObject({
      code: 'GM_NOT_FOUND',
      message: /absent.*nothing at that path/,
    });
    await mkdir(join(folder, 'empty'));
    await expect(open(join(folder, 'empty'), 'git-upload-pack', 2)).rejects.toMatchObject({
      code: 'GM_NOT_FOUND',
      message: /git said: fatal: .*does not appear to be a git repository/,
    });
    await writeFile(join(folder, 'file'), 'x');
    await expect(open(join(folder, 'file'), 'git-upload-pack', 2)).rejects.toMatchObject({ code: 'GM_NOT_FOUND' });
  });

  it('is no bundle', async () => {
    const bundle = join(folder, 'x.bundle');
    await git(['-C', bare.path, 'bundle', 'create', '-q', bundle, '--all']);
    await expect(open(bundle, 'git-upload-pack', 2)).rejects.toMatchObject({ code: 'GM_USAGE', message: /bundle/ });
  });

  it('needs git', async () => {
    await expect(open(bare.path, 'git-upload-pack', 2, { env: { PATH: '/nowhere' } })).rejects.toMatchObject({
      code: 'GM_SYSTEM',
      message: /needs git on the PATH/,
    });
  });
});

describe('closing', () => {
  /** A target whose post-receive hook leaves a mark after a while. */
  async function slowTarget(name: string): Promise<{ target: string; mark: string }> {
    const target = join(folder, name);
    const mark = join(folder, `${name}-mark`);
    await createEmptyRepository(target);
    const hook = join(target, 'hooks', 'post-receive');
    await mkdir(join(target, 'hooks'), { recursive: true });
    await writeFile(hook, `#!/bin/sh\nsleep 3\n: > '${mark}'\n`, { mode: 0o755 });
    return { target, mark };
  }

  it('leaves a receive-pack the time for its hooks', async () => {
    const { target, mark } = await slowTarget('hooked.git');
    const [ref] = bare.refs;
    if (ref === undefined) throw new Error('no ref');
    const connection = await open(target, 'git-receive-pack', 0);
    await pushRef(connection, bare.path, ref.name, ref.oid);
    await connection.close();
    await expect(stat(mark)).resolves.toBeDefined();
  });

  it('is cut short by an abort', async () => {
    const { target, mark } = await slowTarget('aborted.git');
    const [ref] = bare.refs;
    if (ref === undefined) throw new Error('no ref');
    const controller = new AbortController();
    const connection = await open(target, 'git-receive-pack', 0, { signal: controller.signal });
    await pushRef(connection, bare.path, ref.name, ref.oid);
    const closing = connection.close();
    controller.abort();
    await closing;
    await expect(stat(mark)).rejects.toMatchObject({ code: 'ENOENT' });
  });
});
