import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { OpenedBackend } from '../../src/server/open-backend.ts';
import { gitVersions } from '../git-versions.ts';
import { openSharedBackend, openSteeringLab } from './steering-lab.ts';

const slow = { timeout: 240_000 };
/** The password, and as Basic authentication writes it with its user. */
const secret = new RegExp(`s3cret|${Buffer.from('user:s3cret').toString('base64')}`);
const atOnce = { steering: { settleMs: 0 } };
const versions = gitVersions().map(({ family }) => family);

let backend: OpenedBackend;
beforeAll(async () => {
  backend = await openSharedBackend();
});
afterAll(() => backend.close());

describe.each(versions)('M10 steering with stock git %s', (version) => {
  it('a clone comes from the mirror in each version of the protocol, and is the origin’s', slow, async () => {
    await using lab = await openSteeringLab(backend, atOnce);
    const { origin, client } = lab;
    const mirror = await lab.addMirror();
    for (const protocol of ['0', '1', '2']) {
      mirror.requests.length = 0;
      await client.gitText(['-c', `protocol.version=${protocol}`, 'clone', origin.url, protocol], { version });
      expect(lab.servedBy(mirror)).toBeGreaterThan(0);
      expect(lab.servedBy(origin)).toBe(0);
      const cwd = join(client.work, protocol);
      expect(await client.gitText(['remote', 'get-url', 'origin'], { cwd, version })).toBe(origin.url);
      expect(await client.gitText(['rev-parse', 'origin/main'], { cwd, version })).toBe(
        await origin.repository.resolve('main'),
      );
      expect((await client.git(['fsck', '--strict'], { cwd, version })).status).toBe(0);
      const config = await client.gitText(['config', '--local', '--list'], { cwd, version });
      expect(config).not.toContain(new URL(mirror.url).host);
    }
    expect(origin.outcomes).toEqual(['steered', 'steered', 'steered']);
  });

  it('a stale mirror is passed over; the one that follows is taken again', slow, async () => {
    await using lab = await openSteeringLab(backend, atOnce);
    const { origin, client } = lab;
    const mirror = await lab.addMirror();
    await client.gitText(['clone', origin.url, 'clone'], { version });
    const cwd = join(client.work, 'clone');
    const tip = await origin.repository.commit('refs/heads/main');
    mirror.requests.length = 0;
    await client.gitText(['fetch'], { cwd, version });
    expect(await client.gitText(['rev-parse', 'origin/main'], { cwd, version })).toBe(tip);
    expect(lab.servedBy(mirror)).toBe(0);
    const next = await origin.repository.commit('refs/heads/main');
    await lab.sync(mirror);
    await client.gitText(['fetch'], { cwd, version });
    expect(await client.gitText(['rev-parse', 'origin/main'], { cwd, version })).toBe(next);
    expect(lab.servedBy(mirror)).toBeGreaterThan(0);
    expect(origin.outcomes).toEqual(['steered', 'stale', 'steered']);
  });

  it('pushes go to the origin, from a clone that came from a mirror', slow, async () => {
    await using lab = await openSteeringLab(backend, atOnce);
    const { origin, client } = lab;
    const mirror = await lab.addMirror();
    await client.gitText(['clone', origin.url, 'clone'], { version });
    const cwd = join(client.work, 'clone');
    await client.gitText(['commit', '--allow-empty', '-m', 'mine'], { cwd, version });
    await client.gitText(['push', 'origin', 'HEAD:refs/heads/mine'], { cwd, version });
    expect(await origin.repository.resolve('refs/heads/mine')).toBe(
      await client.gitText(['rev-parse', 'HEAD'], { cwd, version }),
    );
    expect(mirror.requests.filter(({ url }) => url.includes('receive-pack'))).toEqual([]);
    expect(await mirror.repository.tip('refs/heads/mine')).toBeUndefined();
  });

  it('credentials never reach a mirror', slow, async () => {
    await using lab = await openSteeringLab(backend, atOnce);
    const { origin, client } = lab;
    const mirror = await lab.addMirror();
    const withUser = origin.url.replace('//', '//user:s3cret@');
    const cookies = join(lab.path, 'cookies');
    await writeFile(cookies, `127.0.0.1\tFALSE\t/\tFALSE\t0\tsession\ts3cret\n`);
    const helper = '!f() { echo username=user; echo password=s3cret; }; f';
    await client.gitText(['clone', withUser, 'userinfo'], { version });
    for (const [name, config] of [
      ['authorization', 'http.extraHeader=Authorization: Bearer s3cret'],
      ['token', 'http.extraHeader=Private-Token: s3cret'],
      ['cookie', `http.cookieFile=${cookies}`],
      ['helper', `credential.helper=${helper}`],
    ] as const) {
      await client.gitText(['-c', config, 'clone', origin.url, name], { version });
    }
    // The URL with a user asks without the password first, as a helper does: there was nothing personal in it.
    expect(origin.outcomes).toEqual(['steered', 'personal', 'personal', 'personal', 'steered']);
    expect(JSON.stringify(mirror.requests)).not.toMatch(secret);
    expect(mirror.requests.filter(({ headers }) => 'authorization' in headers)).toEqual([]);
  });

  it('a mirror that asks for a login gets none of the origin’s', slow, async () => {
    await using lab = await openSteeringLab(backend, atOnce);
    const { origin, client } = lab;
    const mirror = await lab.addMirror({
      middleware: (request, response) => {
        // To the origin it looks as it should.
        if (request.headers['user-agent']?.startsWith('git/') !== true) return false;
        response.writeHead(401, { 'WWW-Authenticate': 'Basic realm="mirror"' }).end();
        return true;
      },
    });
    const { host } = new URL(origin.url);
    const helper = '!f() { echo username=user; echo password=s3cret; }; f';
    const withUser = origin.url.replace('//', '//user:s3cret@');
    const scoped = ['-c', `credential.http://${host}.helper=${helper}`];
    expect((await client.git(['clone', withUser, 'userinfo'], { version })).status).not.toBe(0);
    expect((await client.git([...scoped, 'clone', origin.url, 'helper'], { version })).status).not.toBe(0);
    expect(mirror.requests.filter(({ headers }) => headers['user-agent']?.startsWith('git/'))).toHaveLength(2);
    expect(JSON.stringify(mirror.requests)).not.toMatch(secret);
    expect(mirror.requests.filter(({ headers }) => 'authorization' in headers)).toEqual([]);
  });

  it('an origin that wants a login answers by itself', slow, async () => {
    const expected = `Basic ${Buffer.from('user:s3cret').toString('base64')}`;
    await using lab = await openSteeringLab(backend, {
      ...atOnce,
      middleware: (request, response) => {
        if (request.headers.authorization === expected) return false;
        response.writeHead(401, { 'WWW-Authenticate': 'Basic realm="origin"' }).end();
        return true;
      },
    });
    const { origin, client } = lab;
    const mirror = await lab.addMirror();
    const helper = '!f() { echo username=user; echo password=s3cret; }; f';
    await client.gitText(['-c', `credential.helper=${helper}`, 'clone', origin.url, 'helper'], { version });
    await client.gitText(['clone', origin.url.replace('//', '//user:s3cret@'), 'userinfo'], { version });
    expect(origin.outcomes).toEqual(['personal', 'personal']);
    expect(mirror.requests).toEqual([]);
  });
});
