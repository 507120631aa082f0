import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { prefetch } from '../../examples/prefetch-from-mirrors.ts';
import { openMirrorLab } from './lab/mirror-lab.ts';

describe('git-mirror/mirror', () => {
  it('lets a program take objects from mirrors, and leaves refs alone', async () => {
    await using lab = await openMirrorLab();
    const { client, origin } = lab;
    await client.gitText(['clone', '--quiet', origin.url, 'work']);
    const path = join(client.work, 'work');
    const tip = await lab.commit({ commits: 3 });
    const mirror = await lab.addMirror();
    await client.gitText(['config', 'remote.origin.mirrorUrl', mirror.url], { cwd: path });
    const refs = (): Promise<string> => client.gitText(['show-ref'], { cwd: path });
    const before = await refs();
    lab.forget();

    const { used, failed, arrived } = await prefetch(path, 'origin', AbortSignal.timeout(60_000));

    expect(used.map(({ url }) => url)).toEqual([mirror.url]);
    expect(failed).toEqual([]);
    expect(arrived).toContainEqual(expect.objectContaining({ name: 'refs/heads/main', oid: tip }));
    const kept = (await refs()).split('\n').filter((line) => !line.includes(' refs/mirror/'));
    expect(kept.join('\n')).toBe(before);
    expect(origin.requests.filter(({ method, bodyBytes }) => method === 'POST' && bodyBytes > 400)).toEqual([]);
    // Whoever fetches now gets refs, and no pack.
    await client.gitText(['fetch', '--quiet'], { cwd: path });
    expect(await client.gitText(['rev-parse', 'origin/main'], { cwd: path })).toBe(tip);
  });
});
