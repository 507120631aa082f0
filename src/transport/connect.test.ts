import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startGitDaemon, type GitDaemonServer } from '../../test/servers/git-daemon.ts';
import { installScript } from '../../test/servers/helper-script.ts';
import { startHttpBackend, type HttpBackend } from '../../test/servers/http-backend.ts';
import { createSampleRepository, type SampleRepository } from '../../test/servers/sample-repository.ts';
import { connectOptions, lsRefsV2 } from '../../test/servers/service-exercise.ts';
import { connectService } from './connect.ts';

let folder: string;
let sample: SampleRepository;
let daemon: GitDaemonServer;
let http: HttpBackend;
let sshEnv: NodeJS.ProcessEnv;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'git-mirror-connect-'));
  sample = await createSampleRepository(join(folder, 'x.git'));
  daemon = await startGitDaemon({ root: folder });
  http = await startHttpBackend({ root: folder });
  // The real thing is in ssh.test.ts; this one runs the command here, to see that the way to ssh is taken.
  const { path } = await installScript(
    folder,
    'ssh',
    "process.exitCode = require('node:child_process').spawnSync('sh', ['-c', process.argv.at(-1)], { stdio: 'inherit' }).status;",
  );
  sshEnv = { GIT_SSH: path };
});

afterAll(async () => {
  await Promise.all([daemon.close(), http.close()]);
  await rm(folder, { recursive: true, force: true });
});

describe('connectService', () => {
  it.each([
    ['http', () => `${http.url}/x.git`, 'stateless'],
    ['git', () => `${daemon.url}/x.git`, 'stateful'],
    ['file', () => `file://${sample.path}`, 'stateful'],
    ['file', () => sample.path, 'stateful'],
    ['ssh', () => `ssh://git@host${sample.path}`, 'stateful'],
    ['ssh', () => `git@host:${sample.path}`, 'stateful'],
    ['ext', () => `ext::git %s ${sample.path}`, 'stateful'],
  ] as const)('goes by %s, which GIT_ALLOW_PROTOCOL can forbid', async (name, urlOf, mode) => {
    const url = urlOf();
    const allowing = (list: string) =>
      connectOptions('git-upload-pack', 2, { env: { ...sshEnv, GIT_ALLOW_PROTOCOL: list } });
    const connection = await connectService({ url }, allowing(`foo:${name}`));
    try {
      expect(connection.mode).toBe(mode);
      expect(connection.displayUrl).toBe(url);
      expect((await lsRefsV2(connection)).refs).toHaveLength(sample.refs.length);
    } finally {
      await connection.close();
    }
    await expect(connectService({ url }, allowing('foo'))).rejects.toMatchObject({
      code: 'GM_USAGE',
      message: /GIT_ALLOW_PROTOCOL/,
    });
  });

  it('runs no command that a URL names', async () => {
    const url = 'ext::sh -c "exit 0"';
    await expect(connectService({ url }, connectOptions('git-upload-pack', 2))).rejects.toMatchObject({
      code: 'GM_USAGE',
    });
  });

  it('refuses a malformed URL before anything else, and an aborted signal before that', async () => {
    await expect(connectService({ url: 'ssh://-x/y' }, connectOptions('git-upload-pack', 2))).rejects.toMatchObject({
      code: 'GM_USAGE',
    });
    const signal = AbortSignal.abort('stop');
    await expect(connectService({ url: '' }, connectOptions('git-upload-pack', 2, { signal }))).rejects.toBe('stop');
  });
});
