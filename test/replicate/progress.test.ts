import { describe, expect, test } from 'vitest';
import type { ProgressEvent } from '../../src/index.ts';
import { openStage } from './stage.ts';

describe('R14 progress', () => {
  test('R14 progress: phases, pack, bytes of both sides, and every ref', async () => {
    await using stage = await openStage({ source: { commits: 8, branches: 2, fileBytes: 40_000 } });
    const events: ProgressEvent[] = [];
    const result = await stage.client.sync(
      { ...stage.ends, collectStats: true },
      { onProgress: (event) => events.push(event) },
    );
    const phases = events.flatMap((event) => (event.type === 'phase' ? [event.phase] : []));
    expect(phases).toEqual(['connect', 'plan', 'transfer', 'done']);
    const packs = events.flatMap((event) => (event.type === 'pack' ? [event.objects] : []));
    expect(packs).toEqual([await stage.source.objectCount()]);
    for (const side of ['source', stage.targetUrl]) {
      const bytes = events.flatMap((event) => (event.type === 'bytes' && event.side === side ? [event] : []));
      const counts = bytes.map((event) => event.bytes);
      expect(counts).toEqual([...counts].sort((left, right) => left - right));
      expect(counts.at(-1)).toBe(result.stats.sides.find(({ label }) => label === side)?.bytes);
      expect(bytes.at(-1)?.bytesPerSecond).toBeGreaterThan(0);
    }
    const refs = events.flatMap((event) => (event.type === 'ref' ? [event] : []));
    expect(refs.map(({ ref }) => ref)).toEqual(expect.arrayContaining([...result.refs]));
    expect(refs).toHaveLength(3);
    expect(refs[0]?.targetUrl).toBe(stage.targetUrl);
  });

  test('R14 progress: byte events are rationed', async () => {
    await using stage = await openStage({
      source: { commits: 4, fileBytes: 250_000 },
      targetFront: { bytesPerSecond: () => 2_000_000 },
    });
    const events: ProgressEvent[] = [];
    const started = performance.now();
    await stage.client.sync(stage.ends, { onProgress: (event) => events.push(event) });
    const most = (performance.now() - started) / 100 + 2;
    for (const side of ['source', stage.targetUrl]) {
      const count = events.filter((event) => event.type === 'bytes' && event.side === side).length;
      expect(count).toBeGreaterThan(1);
      expect(count).toBeLessThan(most);
    }
  });

  test('R14 progress: what the ends print is passed on without control characters', async () => {
    await using stage = await openStage({ source: { commits: 8, branches: 2 } });
    await stage.target.hook('post-receive', 'printf "wel\\033[31mcome\\n" >&2');
    const lines: { side: string; line: string }[] = [];
    await stage.client.sync(stage.ends, {
      onProgress: (event) => {
        if (event.type === 'remote') lines.push({ side: event.side, line: event.line });
      },
    });
    expect(lines.filter(({ side }) => side === 'source').map(({ line }) => line)).toContainEqual(
      expect.stringMatching(/^Counting objects|^Enumerating objects/),
    );
    const fromTarget = lines.filter(({ side }) => side === stage.targetUrl).map(({ line }) => line);
    expect(fromTarget).toContainEqual(expect.stringMatching(/^wel.*come$/));
    expect(lines.map(({ line }) => line).join('')).not.toMatch(/[\u0000-\u001f\u007f-\u009f]/);
  });

  test('R14 progress: with nobody listening the ends are asked to be quiet', async () => {
    await using stage = await openStage();
    await stage.client.sync(stage.ends);
    const trace = await stage.serverTrace();
    expect(trace).toMatch(/upload-pack< no-progress/);
    expect(trace).toMatch(/receive-pack< .* quiet /);
  });
});
