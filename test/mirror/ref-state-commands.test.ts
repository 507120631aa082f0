import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openMirrorLab, type MirrorLab } from './lab/mirror-lab.ts';

const run = promisify(execFile);

describe('M13: git mirror sign and git mirror verify', () => {
  let lab: MirrorLab;

  beforeAll(async () => {
    lab = await openMirrorLab();
  });

  afterAll(async () => {
    await lab[Symbol.asyncDispose]();
  });

  it('sign a repository, and tell a fresh mirror from a stale one and from one that was rolled back', async () => {
    const { client, origin } = lab;
    const mirror = await lab.addMirror();
    const keyFile = join(client.home, 'key');
    await run('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', keyFile]);
    const signers = join(client.home, 'signers');
    const [type = '', key = ''] = (await readFile(`${keyFile}.pub`, 'utf8')).split(' ');
    await writeFile(signers, `# operators\nalice@example.com ${type} ${key}\n`);
    await client.gitText(['config', '--global', 'gpg.format', 'ssh']);
    await client.gitText(['config', '--global', 'user.signingKey', keyFile]);
    const sign = async (...flags: string[]): Promise<unknown> => {
      const { status, stdout, stderr } = await client.mirror(['sign', '--json', ...flags, origin.repository.path]);
      expect(stderr).toBe('');
      expect(status).toBe(0);
      return JSON.parse(stdout) as unknown;
    };
    const verify = async (...words: string[]): Promise<{ status: number | null; verdict: unknown }> => {
      const { status, stdout } = await client.mirror(['verify', '--json', ...words]);
      const document: unknown = stdout === '' ? {} : JSON.parse(stdout);
      return { status, verdict: (document as { verdict?: unknown }).verdict };
    };

    expect(await sign('--canonical', origin.url, '--allowed-signers', signers)).toMatchObject({ sequence: 1 });
    await lab.sync(mirror);
    expect(await verify(mirror.url, origin.url)).toEqual({ status: 0, verdict: 'fresh' });

    await client.gitText(['clone', '--quiet', origin.url, 'clone']);
    const before = await origin.repository.git('rev-parse', 'refs/pushes/current', 'refs/heads/main');
    await lab.commit();
    // As for git tag --sign: the public half names the key, and ~ is home.
    await client.gitText(['config', '--global', 'user.signingKey', '~/key.pub']);
    expect(await sign()).toMatchObject({ sequence: 2, repository: origin.url });
    const inClone = { cwd: join(client.work, 'clone') };
    const stale = await client.mirror(['verify', mirror.url], inClone);
    expect(stale).toMatchObject({ status: 1 });
    expect(stale.stdout).toContain('is stale: its refs are state 1; the newest is state 2');

    await lab.sync(mirror);
    expect(await client.mirror(['verify', mirror.url], inClone)).toMatchObject({ status: 0 });
    expect(await verify('--no-origin', mirror.url, origin.url)).toMatchObject({ status: 0, verdict: 'fresh' });
    const [statement = '', main = ''] = before.split('\n');
    await mirror.repository.git('update-ref', 'refs/pushes/current', statement);
    await mirror.repository.git('update-ref', 'refs/heads/main', main);
    const back = await client.mirror(['verify', mirror.url], inClone);
    expect(back).toMatchObject({ status: 1 });
    expect(back.stdout).toContain('rolled back');
  });

  it('refuse what makes no sense', async () => {
    const { client, origin } = lab;
    expect(await client.mirror(['verify', 'ext::sh -c true', origin.url])).toMatchObject({ status: 2 });
    expect(await client.mirror(['verify', origin.url])).toMatchObject({ status: 2 });
    const nowhere = await client.mirror(['sign', '--allowed-signers', 'no-such-file', origin.repository.path]);
    expect(nowhere).toMatchObject({ status: 2 });
    expect(nowhere.stderr).toContain('no-such-file');
  });
});
