import { chmod, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { gitVersions } from '../git-versions.ts';
import { openMirrorLab } from './lab/mirror-lab.ts';

const timeoutMs = 240_000;
const versions = [gitVersions().at(0), gitVersions().at(-1)].flatMap((version) => version?.family ?? []);

test.each(versions)(
  'M3: with git %s, a mirror that the origin names gets no header, cookie or password, and runs no hook',
  async (version) => {
    await using lab = await openMirrorLab();
    const open = await lab.addMirror();
    const locked = await lab.addMirror({ login: { username: 'me', password: 'secret' } });
    const cwd = join(lab.client.work, 'clone');
    await lab.client.gitText(['clone', '-q', lab.origin.url, cwd], { version });
    const asked = join(lab.client.home, 'asked');
    const ran = join(lab.client.home, 'ran');
    const cookies = join(lab.client.home, 'cookies');
    await writeFile(cookies, '127.0.0.1\tFALSE\t/\tFALSE\t0\tsession\tsecret\n');
    const helper = `!f() { echo "$1" >>${asked}; echo username=me; echo password=secret; }; f`;
    for (const [key, value] of [
      ['remote.origin.learnedMirrorUrl', locked.url],
      ['remote.origin.learnedMirrorUrl', open.url],
      ['remote.origin.mirrorsLearned', String(Math.floor(Date.now() / 1000))],
      ['http.extraHeader', 'X-Token: general'],
      [`http.${open.url}.extraHeader`, 'X-Token: for it alone'],
      ['http.http://127.0.0.1.extraHeader', 'X-Token: for the host'],
      ['http.cookieFile', cookies],
      ['credential.helper', helper],
      [`credential.${locked.url}.helper`, helper],
      [`url.${lab.origin.url.replace('project.git', '')}.insteadOf`, open.url.replace('project.git', '')],
    ] as const) {
      await lab.client.gitText(['config', '--add', key, value], { cwd });
    }
    const hook = join(cwd, '.git/hooks/reference-transaction');
    await writeFile(hook, `#!/bin/sh\ngrep -q refs/remotes/ && echo "$1" >>${ran}\nexit 0\n`);
    await chmod(hook, 0o755);
    const tip = await lab.commit({ fileBytes: 100_000 });
    for (const mirror of lab.mirrors) await lab.sync(mirror);
    lab.forget();
    const fetched = await lab.client.mirror(['fetch'], { cwd, version, env: { GIT_ASKPASS: '/bin/false' } });
    expect(fetched.stderr).toMatch(/mirror .* left: .*(?:Authentication|could not read|unable to get password)/);
    expect(fetched.status).toBe(0);
    expect(await lab.client.gitText(['rev-parse', 'origin/main'], { cwd })).toBe(tip);
    for (const { requests } of lab.mirrors) {
      expect(requests.length).toBeGreaterThan(0);
      for (const { headers } of requests) {
        expect(Object.keys(headers).filter((name) => /^(?:x-token|cookie|authorization)$/.test(name))).toEqual([]);
      }
    }
    // Git itself has all of that for the origin.
    expect(lab.origin.requests.every(({ headers }) => headers['x-token'] !== undefined)).toBe(true);
    expect(open.link.bytesToClients).toBeGreaterThan(100_000);
    await expect(readFile(asked)).rejects.toThrow('ENOENT');
    expect(await readFile(ran, 'utf8')).toContain('committed');
  },
  timeoutMs,
);
