import { spawnSync } from 'node:child_process';
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { decodeCredential, encodeCredential, gitCredentialSource } from './credential-helper.ts';
import type { CredentialQuery } from './credential-source.ts';

const query: CredentialQuery = {
  protocol: 'https',
  host: 'example.com:8443',
  path: 'a/b.git',
  wwwAuthenticate: ['Basic realm="x"', 'Bearer\r\n folded'],
};

let directory: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'git-mirror-helper-'));
});

afterAll(async () => {
  await rm(directory, { recursive: true, force: true });
});

/** Real git with a helper that runs `script`. */
async function sourceWith(script: string, timeoutMs = 60_000): Promise<ReturnType<typeof gitCredentialSource>> {
  const helper = join(directory, 'helper');
  await writeFile(helper, `#!/bin/sh\n${script}\n`);
  await chmod(helper, 0o755);
  const config = join(directory, 'config');
  await writeFile(config, `[credential]\n\thelper = ${helper}\n\tuseHttpPath = true\n`);
  const env = { ...process.env, GIT_CONFIG_GLOBAL: config, OUT: join(directory, 'out') };
  return gitCredentialSource({ env, timeoutMs });
}

describe('the lines of git-credential', () => {
  it('name protocol, host, path, user and challenges', () => {
    expect(encodeCredential({ ...query, username: 'me' })).toBe(
      'protocol=https\nhost=example.com:8443\npath=a/b.git\nusername=me\nwwwauth[]=Basic realm="x"\nwwwauth[]=Bearer folded\n\n',
    );
    expect(encodeCredential({ ...query, username: 'me' }, { username: 'you', password: 'p=q' })).toContain(
      'username=you\npassword=p=q\n',
    );
  });

  it.each(['\n', '\r', '\0'])('are not made of values with %j', (character) => {
    const bad = `a${character}host=evil.example`;
    expect(encodeCredential({ ...query, host: bad })).toBeUndefined();
    expect(encodeCredential({ ...query, path: bad })).toBeUndefined();
    expect(encodeCredential({ ...query, username: bad })).toBeUndefined();
    expect(encodeCredential(query, { username: 'u', password: bad })).toBeUndefined();
  });

  it('are read only when both parts are there', () => {
    expect(decodeCredential('protocol=https\nusername=u\npassword=a=b\n')).toEqual({ username: 'u', password: 'a=b' });
    expect(decodeCredential('username=u\n')).toBeUndefined();
    expect(decodeCredential('password=p\n')).toBeUndefined();
    expect(decodeCredential('')).toBeUndefined();
  });
});

describe('git credential', () => {
  it('fills, approves and rejects through the configured helper', async () => {
    const source = await sourceWith(
      'echo "-- $1" >>"$OUT"; cat >>"$OUT"; test "$1" = get && printf "username=u\\npassword=p\\n"; true',
    );
    const credential = await source.fill(query);
    expect(credential).toEqual({ username: 'u', password: 'p' });
    await source.approve(query, { username: 'u', password: 'p' });
    await source.reject(query, { username: 'u', password: 'p' });
    const told = await readFile(join(directory, 'out'), 'utf8');
    expect(told.match(/^-- .*$/gm)).toEqual(['-- get', '-- store', '-- erase']);
    expect(told.match(/^path=a\/b\.git$/gm)).toHaveLength(3);
    expect(told.match(/^password=p$/gm)).toHaveLength(2);
  });

  it('has nothing when the helper has nothing, fails, or says too much', async () => {
    for (const script of ['true', 'exit 3', 'head -c 200000 /dev/zero | tr "\\0" x']) {
      expect(await (await sourceWith(script)).fill(query)).toBeUndefined();
    }
  });

  it('has nothing when git is not installed or a value cannot be told', async () => {
    const source = gitCredentialSource({ git: join(directory, 'none') });
    expect(await source.fill(query)).toBeUndefined();
    await source.approve(query, { username: 'u', password: 'p' });
    expect(await gitCredentialSource().fill({ ...query, host: 'a\nb' })).toBeUndefined();
  });

  it('is ended together with its helpers when it takes too long or is aborted', async () => {
    const script = 'echo $$ >"$OUT"; sleep 600';
    expect(await (await sourceWith(script, 500)).fill(query)).toBeUndefined();
    await expectEnded();
    const controller = new AbortController();
    await rm(join(directory, 'out'));
    const filling = (await sourceWith(script)).fill(query, controller.signal);
    await expect.poll(() => readFile(join(directory, 'out'), 'utf8').catch(() => '')).toMatch(/\n/);
    controller.abort(new Error('over'));
    await expect(filling).rejects.toThrow('over');
    await expectEnded();
  });
});

/** The helper whose process id is in the file has ended; nobody may have asked how yet (a zombie). */
async function expectEnded(): Promise<void> {
  const pid = (await readFile(join(directory, 'out'), 'utf8')).trim();
  const state = (): string => spawnSync('ps', ['-o', 'stat=', '-p', pid], { encoding: 'utf8' }).stdout.trim();
  await expect.poll(state, { timeout: 5000 }).toMatch(/^(?:Z.*)?$/);
}
