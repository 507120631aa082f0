import { expect, test } from 'vitest';
import { openMirrorLab, type MirrorLab } from '../../../test/mirror/lab/mirror-lab.ts';
import { branchesOf } from './measure-reach.ts';
import { rankLimits, rankMirrors, scoreOf, type RankedMirror, type RankRequest } from './rank-mirrors.ts';
import { isObjectId } from '../../core/object-id.ts';

const timeoutMs = 120_000;
const shape = { commits: 6, branches: 1, fileBytes: 60_000 };

async function rank(lab: MirrorLab, request: Partial<RankRequest> = {}): Promise<readonly RankedMirror[]> {
  const refs = [...(await lab.origin.repository.refs())].flatMap(([name, oid]) =>
    isObjectId(oid) ? [{ name, oid }] : [],
  );
  return rankMirrors({
    urls: lab.mirrors.map(({ url }) => url),
    originBranches: branchesOf(refs),
    rateCount: 8,
    settingsFor: async () => ({ env: {} }),
    signal: new AbortController().signal,
    ...request,
  });
}

test(
  'M9: near before far before slow; the dead, the endless and the empty cannot be used',
  async () => {
    await using lab = await openMirrorLab({ shape });
    const far = await lab.addMirror({ shape: { latencyMs: 60 } });
    const dead = await lab.addMirror({ shape: { isRefused: true } });
    const slow = await lab.addMirror({ shape: { bytesPerSecond: 100_000 } });
    const near = await lab.addMirror({ server: 'git-daemon' });
    const endless = await lab.addMirror({
      middleware: (_request, response) => {
        response.writeHead(200, { 'Content-Type': 'application/x-git-upload-pack-advertisement' });
        const line = `0032${'a'.repeat(40)} x\n`.repeat(2000);
        const more = (): void => {
          while (response.write(line)) if (response.destroyed) return;
        };
        response.on('drain', more);
        more();
        return true;
      },
    });
    const html = await lab.addMirror({
      middleware: (_request, response) => {
        response.writeHead(200, { 'Content-Type': 'text/html' });
        response.end('<p>Parked.</p>');
        return true;
      },
    });
    const empty = await lab.addMirror({ content: 'empty' });
    const ranked = await rank(lab);
    expect(ranked.slice(0, 3).map(({ url }) => url)).toEqual([near.url, far.url, slow.url]);
    for (const { url, score, error } of ranked.slice(0, 3)) {
      expect([url, error, Number.isFinite(score)]).toEqual([url, undefined, true]);
    }
    const byUrl = new Map(ranked.map((each) => [each.url, each]));
    expect(byUrl.get(far.url)?.firstByteMs).toBeGreaterThan(200);
    expect(byUrl.get(slow.url)?.bytesPerSecond).toBeLessThan(150_000);
    expect(byUrl.get(near.url)?.freshness).toEqual({ sameBranches: 2, originBranches: 2 });
    for (const [site, code] of [
      [dead, 'GM_NETWORK'],
      [html, 'GM_PROTOCOL'],
      [empty, 'GM_NOT_FOUND'],
    ] as const) {
      expect([site.name, byUrl.get(site.url)?.error?.code]).toEqual([site.name, code]);
      expect(byUrl.get(site.url)?.score).toBeUndefined();
    }
    expect(byUrl.get(endless.url)?.error).toBeDefined();
    expect(endless.link.bytesToClients).toBeLessThan(32 * 1024 * 1024);
  },
  timeoutMs,
);

test(
  'M9: who is silent is left when the time is over; who stops in the middle of a pack has been slow',
  async () => {
    await using lab = await openMirrorLab({ shape });
    const silent = await lab.addMirror({ shape: { stallAfterBytes: 0 } });
    const stopping = await lab.addMirror({ shape: { stallAfterBytes: 150_000 } });
    const limits = { ...rankLimits, reachMs: 3000, rateMs: 1500 };
    const [first, last] = await rank(lab, { limits });
    expect([first?.url, last?.url]).toEqual([stopping.url, silent.url]);
    expect(last?.error?.code).toBe('GM_TIMEOUT');
    expect(first?.bytesPerSecond).toBeLessThan(150_000);
  },
  timeoutMs,
);

test(
  'M9: no credentials go anywhere, and no redirect is followed',
  async () => {
    await using lab = await openMirrorLab();
    const inner = await lab.addMirror();
    await lab.addMirror({ login: { username: 'me', password: 'secret' } });
    await lab.addMirror({
      middleware: (request, response) => {
        response.writeHead(302, { Location: inner.url + (request.url ?? '').slice('/project.git'.length) });
        response.end();
        return true;
      },
    });
    const [guarded, redirecting] = lab.mirrors.slice(1);
    const ranked = await rank(lab, { urls: [guarded?.url ?? '', redirecting?.url ?? ''] });
    expect(ranked.map(({ error }) => error?.code)).toEqual(['GM_AUTH', 'GM_PROTOCOL']);
    expect(inner.requests).toEqual([]);
    expect(guarded?.requests.map(({ headers }) => headers['authorization'])).toEqual([undefined]);
  },
  timeoutMs,
);

test(
  'M9: no more than 32 are asked, and only the throughput of the nearest is measured',
  async () => {
    await using lab = await openMirrorLab({ shape });
    await lab.addMirror();
    await lab.addMirror({ shape: { latencyMs: 60 } });
    const near = await rank(lab, { rateCount: 1 });
    expect(near.map(({ bytesPerSecond }) => bytesPerSecond !== undefined)).toEqual([true, false]);
    const urls = Array.from({ length: 40 }, (_, index) => `http://127.0.0.1:1/${String(index)}.git`);
    expect(await rank(lab, { urls })).toHaveLength(32);
    const cause = new Error('enough');
    await expect(rank(lab, { signal: AbortSignal.abort(cause) })).rejects.toBe(cause);
  },
  timeoutMs,
);

test('M9: the score is the time for 1 MiB, more for a mirror that lacks branches', () => {
  const rate = 1024 * 1024;
  expect(scoreOf(10, rate, undefined)).toBe(1030);
  expect(scoreOf(10, Infinity, undefined)).toBe(30);
  expect(scoreOf(10, rate, { sameBranches: 1, originBranches: 2 })).toBe(2060);
  expect(scoreOf(10, rate, { sameBranches: 0, originBranches: 2 })).toBe(10_300);
});
