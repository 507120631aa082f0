/**
 * A process of its own that carries out one sync, for tests that kill it, limit it or measure it. The request, as JSON,
 * is its only argument. It prints `{result, peaks}` and exits with 0, or prints `{error}` and exits with 1. With
 * `--expose-gc`, the peaks are of what is still held after everything else has been collected.
 */
import { isGitMirrorError } from '../../src/index.ts';
import { createUnstableClient, type UnstableSyncRequest } from '../../src/unstable.ts';

const sampleIntervalMs = 100;
const request = JSON.parse(process.argv[2] ?? '') as UnstableSyncRequest;
const peaks = { heapUsed: 0, external: 0 };
function sample(): void {
  globalThis.gc?.();
  const { heapUsed, external } = process.memoryUsage();
  peaks.heapUsed = Math.max(peaks.heapUsed, heapUsed);
  peaks.external = Math.max(peaks.external, external);
}
const timer = setInterval(sample, sampleIntervalMs);
try {
  const result = await createUnstableClient({ useCredentialHelper: false }).sync(request);
  // A short run may end before the first sample.
  sample();
  process.stdout.write(JSON.stringify({ result, peaks }));
} catch (error) {
  process.stdout.write(JSON.stringify({ error: isGitMirrorError(error) ? error.toJSON() : String(error) }));
  process.exitCode = 1;
} finally {
  clearInterval(timer);
}
