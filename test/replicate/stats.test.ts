import { describe, expect, test } from 'vitest';
import { openStage, type Stage } from './stage.ts';

/** Bytes of request bodies of one service, as they came over the wire. */
function requestBytes(stage: Stage, service: string): number {
  const posts = stage.backend.requests.filter(({ url }) => url.endsWith(`/${service}`));
  return posts.reduce((sum, { bodyBytes }) => sum + bodyBytes, 0);
}

function requestCount(stage: Stage, service: string): number {
  return stage.backend.requests.filter(({ url }) => url.endsWith(service)).length;
}

/** How often git's own trace of the servers has `text`. */
async function traced(stage: Stage, pattern: RegExp): Promise<number> {
  return [...(await stage.serverTrace()).matchAll(new RegExp(pattern, 'gm'))].length;
}

describe('R13 stats and measurement', () => {
  test('R13 stats: requests, bytes, wants, haves and commands are what the servers saw', async () => {
    await using stage = await openStage({ source: { commits: 10, branches: 3, fileBytes: 3000 } });
    await stage.client.sync(stage.ends);
    await stage.source.commit('refs/heads/main');
    await stage.source.commit('refs/heads/topic-1');
    await stage.source.deleteRef('refs/heads/topic-2');
    const before = {
      requests: stage.backend.requests.length,
      push: requestBytes(stage, 'git-receive-pack'),
      fetch: requestBytes(stage, 'git-upload-pack'),
      wants: await traced(stage, /upload-pack< want /),
      haves: await traced(stage, /upload-pack< have /),
      commands: await traced(stage, /receive-pack< [0-9a-f]{40} [0-9a-f]{40} /),
    };
    const result = await stage.client.sync({ ...stage.ends, policy: { prune: true }, collectStats: true });
    const { items, enabled } = result.stats;
    expect(enabled).toBe(true);
    expect(Object.keys(items)).toEqual(['source git-upload-pack', 'target git-receive-pack']);
    const source = items['source git-upload-pack'];
    const target = items['target git-receive-pack'];
    expect(source?.name).toBe('source git-upload-pack');
    expect((source?.requests ?? 0) + (target?.requests ?? 0)).toBe(stage.backend.requests.length - before.requests);
    expect(source?.wants).toBe((await traced(stage, /upload-pack< want /)) - before.wants);
    expect(source?.wants).toBeGreaterThan(0);
    expect(source?.haves).toBe((await traced(stage, /upload-pack< have /)) - before.haves);
    expect(source?.haves).toBeGreaterThan(0);
    expect(target?.commands).toBe(3);
    expect(target?.commands).toBe((await traced(stage, /receive-pack< [0-9a-f]{40} [0-9a-f]{40} /)) - before.commands);
    expect(target?.requestBytes).toBe(requestBytes(stage, 'git-receive-pack') - before.push);
    expect(source).toMatchObject({ commands: 0 });
    expect(target).toMatchObject({ wants: 0, haves: 0 });
  });

  test('R13 stats: a side for each end, with the bytes of the pack', async () => {
    await using stage = await openStage({ source: { commits: 10, fileBytes: 20_000 } });
    const result = await stage.client.sync({ ...stage.ends, collectStats: true });
    const [source, target] = result.stats.sides;
    expect(source).toMatchObject({ label: 'source' });
    expect(target).toMatchObject({ label: stage.targetUrl });
    expect(source?.bytes).toBe(target?.bytes);
    const commandBytes = stage.pushedBytes - (target?.bytes ?? 0);
    // What was pushed besides the pack is one command.
    expect(commandBytes).toBeGreaterThan(100);
    expect(commandBytes).toBeLessThan(400);
    expect(result.stats.items['source git-upload-pack']?.responseBytes).toBeGreaterThan(source?.bytes ?? Infinity);
    expect(source?.bytesPerSecond).toBeGreaterThan(0);
    expect(result.stats.elapsedMs).toBe(result.measurement.elapsedMillis);
  });

  test('R13 stats: with several targets each has its own', async () => {
    await using stage = await openStage({ source: { commits: 5 } });
    const other = await stage.addTarget('other.git');
    const result = await stage.client.sync({
      source: { url: stage.sourceUrl },
      targets: [{ url: stage.targetUrl }, { url: other.url }],
      collectStats: true,
    });
    expect(Object.keys(result.stats.items)).toEqual([
      'source git-upload-pack',
      'target 1 git-receive-pack',
      'target 2 git-receive-pack',
    ]);
    expect(result.stats.items['target 2 git-receive-pack']).toMatchObject({ requests: 2, commands: 1 });
    expect(requestCount(stage, 'other.git/git-receive-pack')).toBe(1);
  });

  test('R13 stats: a probe has them too', async () => {
    await using stage = await openStage();
    const result = await stage.client.probe({ ...stage.ends, collectStats: true });
    expect(result.stats.items['source git-upload-pack']).toMatchObject({ requests: 2 });
    expect(result.stats.items['target git-receive-pack']).toMatchObject({ requests: 1 });
  });

  test('R13 measurement: peaks of heap and RSS only when asked for', async () => {
    await using stage = await openStage();
    const measured = await stage.client.sync({ ...stage.ends, measureMemory: true });
    expect(measured.measurement.enabled).toBe(true);
    expect(measured.measurement.peakHeapBytes).toBeGreaterThan(1_000_000);
    expect(measured.measurement.peakRssBytes).toBeGreaterThan(measured.measurement.peakHeapBytes);
    expect(measured.measurement.elapsedMillis).toBeGreaterThan(0);
    const plain = await stage.client.sync(stage.ends);
    expect(plain.measurement).toMatchObject({ enabled: false, peakHeapBytes: 0, peakRssBytes: 0 });
  });
});
