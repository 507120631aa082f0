import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { compareRefs, expectConnected } from '../repositories/check-repository.ts';
import { incompressibleBytes } from '../repositories/random-bytes.ts';
import { openStage, type StageOptions } from './stage.ts';

const run = promisify(execFile);
const megabyte = 1024 * 1024;

interface Peaks {
  readonly heapUsed: number;
  readonly external: number;
}

/** Peaks of a process of its own that relays a repository of one blob of `blobBytes`. */
async function measure(blobBytes: number, way: 'HTTP' | 'local', options: StageOptions = {}): Promise<Peaks> {
  await using stage = await openStage({ ...options, source: { commits: 0 } });
  for (const repository of [stage.source, stage.target]) {
    // Random bytes are not worth compressing: that would take longer than the relay.
    await repository.configure('core.compression', '0');
    await repository.configure('core.bigFileThreshold', '1m');
  }
  await stage.source.commit('refs/heads/main', { files: { blob: incompressibleBytes(blobBytes, 7) } });
  const request =
    way === 'HTTP' ? stage.ends : { source: { url: stage.source.path }, target: { url: stage.target.path } };
  const script = fileURLToPath(new URL('sync-child.ts', import.meta.url));
  // What is measured is what is held, not how late the rest is thrown away.
  const args = ['--expose-gc', script, JSON.stringify(request)];
  const { stdout } = await run(process.execPath, args, { maxBuffer: megabyte });
  const { result, peaks } = JSON.parse(stdout) as { result: { execution: object }; peaks: Peaks };
  expect(result.execution).toMatchObject({ relay: true, transferMode: 'bootstrap' });
  await compareRefs(stage.source, stage.target);
  await expectConnected(stage.target);
  return peaks;
}

describe('memory', () => {
  test.each(['HTTP', 'local'] as const)(
    'memory: relay holds chunks, not the pack: 48 MB against 1 MB, %s',
    async (way) => {
      const small = await measure(megabyte, way);
      const large = await measure(48 * megabyte, way);
      expect(large.heapUsed - small.heapUsed).toBeLessThan(8 * megabyte);
      expect(large.external - small.external).toBeLessThan(24 * megabyte);
    },
  );

  test('memory: a target slower than the source slows the source down', async () => {
    const peaks = await measure(48 * megabyte, 'HTTP', { targetFront: { bytesPerSecond: () => 24 * megabyte } });
    // Were the pack taken in as fast as the source gives it, most of it would be here.
    expect(peaks.external).toBeLessThan(28 * megabyte);
  });
});
