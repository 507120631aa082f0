import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { OpenedBackend } from '../../src/server/open-backend.ts';
import { gitVersions } from '../git-versions.ts';
import { makeTemporaryFolder } from '../repositories/temporary-folder.ts';
import { startHttpBackend } from '../servers/http-backend.ts';
import { makeCertificates } from '../servers/tls.ts';
import { openSharedBackend, openSteeringLab, type SteeringSite } from './steering-lab.ts';

const slow = { timeout: 240_000 };
const atOnce = { steering: { settleMs: 0 } };
const families = gitVersions().map(({ family }) => family);
/** The oldest and the newest. */
const versions = [...new Set([families[0], families.at(-1)])];

let backend: OpenedBackend;
beforeAll(async () => {
  backend = await openSharedBackend();
});
afterAll(() => backend.close());

const byGit = ({ requests }: SteeringSite) =>
  requests.filter(({ headers }) => headers['user-agent']?.startsWith('git/') === true);

describe('M10 steering and git-mirror itself', () => {
  it('git mirror fetch and our own client ask the origin, and get its answer', slow, async () => {
    await using lab = await openSteeringLab(backend, atOnce);
    const { origin, client } = lab;
    const mirror = await lab.addMirror();
    await client.gitText(['-c', 'http.extraHeader=Git-Mirror: direct', 'clone', origin.url, 'clone']);
    const tip = await origin.repository.commit('refs/heads/main');
    await lab.sync(mirror);
    origin.outcomes.length = 0;
    const cwd = join(client.work, 'clone');
    const { status, stderr } = await client.mirror(['fetch'], { cwd });
    expect({ status, stderr }).toMatchObject({ status: 0 });
    expect(await client.gitText(['rev-parse', 'origin/main'], { cwd })).toBe(tip);
    expect(new Set(origin.outcomes)).toEqual(new Set(['declined']));
  });
});

describe('M10 steering to servers that know nothing of it', () => {
  it('git http-backend is a mirror as good as ours: its refs are listed', slow, async () => {
    await using lab = await openSteeringLab(backend, atOnce);
    const { origin, client } = lab;
    const copy = await lab.addMirror({ isKnown: false });
    const front = await startHttpBackend({ root: dirname(copy.repository.path) });
    try {
      await origin.repository.git('config', 'mirror.mirrorUrl', `${front.url}/project.git`);
      await client.gitText(['clone', origin.url, 'clone']);
      expect(origin.outcomes).toEqual(['steered']);
      await origin.repository.commit('refs/heads/main');
      await client.gitText(['fetch'], { cwd: join(client.work, 'clone') });
      await lab.sync(copy);
      await client.gitText(['fetch'], { cwd: join(client.work, 'clone') });
      expect(origin.outcomes).toEqual(['steered', 'stale', 'steered']);
      // HEAD is a part of the digest: a clone begins with the branch that it names.
      await copy.repository.git('symbolic-ref', 'HEAD', 'refs/heads/topic-1');
      await client.gitText(['fetch'], { cwd: join(client.work, 'clone') });
      expect(origin.outcomes.at(-1)).toBe('stale');
    } finally {
      await front.close();
    }
  });

  it('a mirror that sends its callers on is none', slow, async () => {
    await using lab = await openSteeringLab(backend, atOnce);
    const { origin, client } = lab;
    const elsewhere = await lab.addMirror({ isKnown: false });
    const mirror = await lab.addMirror({
      middleware: (request, response) => {
        response.writeHead(302, { Location: `${new URL(elsewhere.url).origin}${request.url ?? ''}` }).end();
        return true;
      },
    });
    await client.gitText(['clone', origin.url, 'clone']);
    expect(origin.outcomes).toEqual(['silent']);
    expect(byGit(mirror)).toEqual([]);
    expect(elsewhere.requests).toEqual([]);
  });
});

describe.each(versions)('M10 limits of steering with stock git %s', (version) => {
  it('nobody leaves the trust domain', slow, async () => {
    await using lab = await openSteeringLab(backend, atOnce);
    const { origin, client } = lab;
    const outside = await lab.addMirror({ address: '127.0.0.2' });
    await client.gitText(['clone', origin.url, 'outside'], { version });
    expect(outside.requests).toEqual([]);
    expect(origin.outcomes).toEqual(['no-mirror']);
    // The same mirror, with the port of another one, and then with its own.
    await origin.repository.git('config', 'mirror.trustDomain', '127.0.0.2:1');
    await client.gitText(['clone', origin.url, 'other-port'], { version });
    expect(outside.requests).toEqual([]);
    await origin.repository.git('config', 'mirror.trustDomain', new URL(outside.url).host);
    await client.gitText(['clone', origin.url, 'inside'], { version });
    expect(lab.servedBy(outside)).toBeGreaterThan(0);
  });

  it('nobody is sent anywhere without mirror.steer', slow, async () => {
    await using lab = await openSteeringLab(backend, atOnce);
    const { origin, client } = lab;
    const mirror = await lab.addMirror();
    await origin.repository.git('config', '--unset', 'mirror.steer');
    await client.gitText(['clone', origin.url, 'clone'], { version });
    expect(mirror.requests).toEqual([]);
    expect(origin.outcomes).toEqual([]);
  });

  it('who came by https goes on by https, and who has shown a certificate stays', slow, async () => {
    await using folder = await makeTemporaryFolder();
    const { caFile, server: tls } = makeCertificates(folder.path);
    const digests: { of?: () => Promise<string> } = {};
    await using lab = await openSteeringLab(backend, {
      tls,
      // The authority is private to this test: what a mirror says is read from its repository.
      steering: { settleMs: 0, ask: async () => (await digests.of?.()) ?? '' },
    });
    const { origin, client } = lab;
    digests.of = () => lab.digest();
    const trusting = ['-c', `http.sslCAInfo=${caFile}`];
    const plain = await lab.addMirror();
    await client.gitText([...trusting, 'clone', origin.url, 'plain'], { version });
    expect(plain.requests).toEqual([]);
    expect(origin.outcomes).toEqual(['no-mirror']);
    const secure = await lab.addMirror({ tls });
    await client.gitText([...trusting, 'clone', origin.url, 'secure'], { version });
    expect(plain.requests).toEqual([]);
    expect(lab.servedBy(secure)).toBeGreaterThan(0);
    const asked = secure.requests.length;
    const named = ['-c', `http.sslCert=${tls.certFile}`, '-c', `http.sslKey=${tls.keyFile}`];
    await client.gitText([...trusting, ...named, 'clone', origin.url, 'named'], { version });
    expect(secure.requests).toHaveLength(asked);
  });

  it('a client declines', slow, async () => {
    await using lab = await openSteeringLab(backend, atOnce);
    const { origin, client } = lab;
    const mirror = await lab.addMirror();
    for (const header of ['Git-Mirror: direct', 'Git-Protocol: mirror=direct']) {
      const name = header.slice(0, 8);
      await client.gitText(['-c', `http.extraHeader=${header}`, 'clone', origin.url, name], { version });
    }
    expect(mirror.requests).toEqual([]);
    expect(origin.outcomes).toEqual(['declined', 'declined']);
  });

  it('a client that follows no redirects fails with a plain word, and can decline', slow, async () => {
    await using lab = await openSteeringLab(backend, atOnce);
    const { origin, client } = lab;
    const mirror = await lab.addMirror();
    const stubborn = ['-c', 'http.followRedirects=false'];
    const failed = await client.git([...stubborn, 'clone', origin.url, 'clone'], { version });
    expect(failed.status).toBe(128);
    expect(failed.stderr).toContain('remote: A mirror has the same. For the answer of this server: git -c');
    expect(failed.stderr).toMatch(/unable to access '.*': The requested URL returned error: 302/);
    const direct = [...stubborn, '-c', 'http.extraHeader=Git-Mirror: direct'];
    await client.gitText([...direct, 'clone', origin.url, 'clone'], { version });
    expect(byGit(mirror)).toEqual([]);
  });

  it.each(['GET', 'POST'])(
    'a mirror that dies before the %s costs one retry, which the origin answers',
    slow,
    async (method) => {
      await using lab = await openSteeringLab(backend, atOnce);
      const { origin, client } = lab;
      const mirrors: SteeringSite[] = [];
      mirrors.push(
        await lab.addMirror({
          middleware: async (request) => {
            const isClient = request.headers['user-agent']?.startsWith('git/') === true;
            if (!isClient || request.method !== method) return false;
            await mirrors[0]?.die();
            return true;
          },
        }),
      );
      const first = await client.git(['clone', origin.url, 'clone'], { version });
      expect(first.status).toBe(128);
      // It names the machine that failed.
      expect(first.stderr).toMatch(/^fatal: unable to access|^error: RPC failed|^fatal: /m);
      await client.gitText(['clone', origin.url, 'clone'], { version });
      const cwd = join(client.work, 'clone');
      expect(await client.gitText(['rev-parse', 'origin/main'], { cwd, version })).toBe(
        await origin.repository.resolve('main'),
      );
      expect(lab.servedBy(origin)).toBeGreaterThan(0);
      expect(origin.outcomes).toEqual(['steered', 'silent']);
    },
  );
});
