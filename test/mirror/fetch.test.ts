import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openMirrorLab, type MirrorLab } from './lab/mirror-lab.ts';
import type { Site } from './lab/site.ts';

const timeoutMs = 180_000;

/** A clone of the origin, with the mirrors in its configuration. */
async function cloneWith(lab: MirrorLab, ...mirrors: readonly Site[]): Promise<string> {
  await lab.client.gitText(['clone', '--quiet', lab.origin.url, 'clone']);
  const path = join(lab.client.work, 'clone');
  for (const { url } of mirrors) {
    await lab.client.gitText(['config', '--add', 'remote.origin.mirrorUrl', url], { cwd: path });
  }
  return path;
}

async function refsIn(lab: MirrorLab, cwd: string): Promise<string> {
  return lab.client.gitText(['for-each-ref', '--format=%(refname) %(objectname)'], { cwd });
}

/** Bytes of answers of git-upload-pack that a site has sent. */
function packRequests(site: Site): number {
  return site.requests.filter(({ method }) => method === 'POST').length;
}

test(
  'M1: what is new comes from the mirror, and git fetch moves the refs and says so',
  async () => {
    await using lab = await openMirrorLab();
    const mirror = await lab.addMirror();
    const cwd = await cloneWith(lab, mirror);
    await lab.client.gitText(['clone', '--quiet', lab.origin.url, 'stock']);
    const stock = join(lab.client.work, 'stock');
    await lab.commit({ commits: 3, fileBytes: 200_000 });
    await lab.commit({ ref: 'refs/heads/new' });
    await lab.rewind({ ref: 'refs/heads/topic-1' });
    await lab.tag('v9');
    await lab.sync(mirror);
    lab.forget();
    const fetched = await lab.client.mirror(['fetch'], { cwd });
    const originBytes = lab.origin.link.bytesToClients;
    expect(fetched.stderr).toMatch(/^git-mirror: taking 3 refs from mirror http:.*\n/);
    const plain = await lab.client.git(['fetch'], { cwd: stock });
    expect(fetched.stderr.split('\n').slice(1).join('\n')).toBe(plain.stderr);
    expect(fetched.status).toBe(0);
    expect(await refsIn(lab, cwd)).toBe(await refsIn(lab, stock));
    expect(await readFile(join(cwd, '.git/FETCH_HEAD'), 'utf8')).toBe(
      await readFile(join(stock, '.git/FETCH_HEAD'), 'utf8'),
    );
    expect(mirror.link.bytesToClients).toBeGreaterThan(600_000);
    expect(originBytes).toBeLessThan(100_000);
    await lab.client.gitText(['fsck', '--strict'], { cwd });
  },
  timeoutMs,
);

test(
  'M1: with nothing new the origin is asked once, and no mirror',
  async () => {
    await using lab = await openMirrorLab();
    const mirror = await lab.addMirror();
    const cwd = await cloneWith(lab, mirror);
    await lab.client.gitText(['fetch'], { cwd });
    const path = join(cwd, '.git/FETCH_HEAD');
    const expected = await readFile(path, 'utf8');
    await rm(path);
    lab.forget();
    expect(await lab.client.mirror(['fetch'], { cwd })).toMatchObject({ status: 0, stdout: '', stderr: '' });
    expect(await readFile(path, 'utf8')).toBe(expected);
    expect(lab.origin.requests.map(({ url }) => url)).toEqual([
      '/project.git/info/refs?service=git-upload-pack',
      '/project.git/git-upload-pack',
    ]);
    expect(packRequests(mirror)).toBe(0);
  },
  timeoutMs,
);
