import { expect, test } from 'vitest';
import { openMirrorLab, type MirrorLab } from './mirror-lab.ts';
import type { Site, SiteServer } from './site.ts';

const timeoutMs = 120_000;
const main = 'refs/heads/main';

async function clone(lab: MirrorLab, site: Site, name: string): Promise<void> {
  await lab.client.gitText(['clone', '--quiet', site.url, name]);
}

test.each<SiteServer>(['native', 'http-backend', 'git-daemon'])(
  'mirrors behind %s are fresh, behind, partial, empty or what a function makes of them',
  async (server) => {
    await using lab = await openMirrorLab({ origin: { server } });
    const { repository } = lab.origin;
    const refs = await repository.refs();
    const fresh = await lab.addMirror({ server });
    expect(await fresh.repository.refs()).toEqual(refs);
    const behind = await lab.addMirror({ server, content: { commitsBehind: 5 } });
    expect(await behind.repository.tip(main)).toBe(await repository.resolve('main~5'));
    expect(await behind.repository.git('fsck')).toBe('');
    await expect(behind.repository.git('cat-file', '-e', refs.get(main) ?? '')).rejects.toThrow();
    const partial = await lab.addMirror({ server, content: { only: ['refs/heads/topic-1'] } });
    expect([...(await partial.repository.refs()).keys()]).toEqual(['refs/heads/topic-1']);
    const empty = await lab.addMirror({ server, content: 'empty' });
    const odd = await lab.addMirror({
      server,
      content: async (mirror) => {
        await mirror.commit(main, { from: null });
      },
    });
    expect((await odd.repository.refs()).get(main)).not.toBe(refs.get(main));
    for (const site of [lab.origin, fresh, behind, empty]) await clone(lab, site, site.name);
    await lab.commit({ commits: 2 });
    await lab.tag('v9');
    await lab.rewind({ ref: 'refs/heads/topic-1' });
    await lab.sync(behind);
    expect(await behind.repository.refs()).toEqual(await repository.refs());
  },
  timeoutMs,
);

test(
  'what is asked of a site is recorded, and by a client with a clean home',
  async () => {
    await using lab = await openMirrorLab({ origin: { login: { username: 'me', password: 'secret' } } });
    const mirror = await lab.addMirror({ address: '127.0.0.2' });
    await clone(lab, mirror, 'from-mirror');
    expect(mirror.requests.map(({ method, url, status }) => [method, url, status])).toEqual([
      ['GET', '/project.git/info/refs?service=git-upload-pack', 200],
      ['POST', '/project.git/git-upload-pack', 200],
      ['POST', '/project.git/git-upload-pack', 200],
    ]);
    expect(mirror.requests[0]?.headers['git-protocol']).toBe('version=2');
    expect(mirror.link.bytesToClients).toBeGreaterThan(1000);
    lab.forget();
    expect([mirror.requests.length, mirror.link.bytesToClients]).toEqual([0, 0]);
    const refused = await lab.client.git(['ls-remote', lab.origin.url]);
    expect(refused.status).toBe(128);
    const withLogin = lab.origin.url.replace('://', '://me:secret@');
    expect(await lab.client.gitText(['ls-remote', withLogin, 'HEAD'])).toMatch(/HEAD$/);
    expect(lab.origin.requests.at(-1)?.headers['authorization']).toMatch(/^Basic /);
    expect((await lab.client.git(['config', '--get', 'user.name'])).stdout).toBe('Lab\n');
    expect((await lab.client.git(['mirror', '--version'])).stdout).toMatch(/^git-mirror \d/);
    expect((await lab.client.git(['version'], { version: '2.30' })).stdout).toContain('2.30');
  },
  timeoutMs,
);

test(
  'a link is slow, far, cut, silent or refused',
  async () => {
    const shape = { commits: 4, fileBytes: 50_000 };
    await using lab = await openMirrorLab({ shape });
    const site = await lab.addMirror();
    const elapsed = async (name: string): Promise<number> => {
      const start = performance.now();
      await clone(lab, site, name);
      return performance.now() - start;
    };
    await site.link.reshape({ bytesPerSecond: 200_000 });
    // Bounds from below alone: a loaded machine makes everything slower, nothing faster.
    expect(await elapsed('slow')).toBeGreaterThan(800);
    await site.link.reshape({ latencyMs: 100 });
    // A handshake and three exchanges.
    expect(await elapsed('far')).toBeGreaterThan(750);
    site.forget();
    await site.link.reshape({ cutAfterBytes: 20_000 });
    expect((await lab.client.git(['clone', site.url, 'cut'])).status).toBe(128);
    expect(site.link.connections[0]).toMatchObject({ bytesToClient: 20_000, isOpen: false });
    await site.link.reshape({ stallAfterBytes: 20_000 });
    site.forget();
    const waiting = lab.client.start('git', ['clone', site.url, 'stalled']);
    await expect.poll(() => site.link.bytesToClients, { timeout: 20_000 }).toBe(20_000);
    expect(site.link.connections[0]?.isOpen).toBe(true);
    site.link.cut();
    expect((await waiting.ended).status).toBe(128);
    await site.link.reshape({ isRefused: true });
    expect((await lab.client.git(['ls-remote', site.url])).stderr).toMatch(/Connection refused|Failed to connect/);
    await site.link.reshape({});
    await clone(lab, site, 'again');
  },
  timeoutMs,
);
