import type { PackSource } from '../client/pack-source.ts';
import { ServiceTally } from '../client/service-tally.ts';
import { tapStream, type ByteStream } from '../core/byte-stream.ts';
import type { Options } from './client.ts';
import { MemorySampler } from './measurement.ts';
import { openSource } from './prepare-run.ts';
import { ProgressReporter } from './progress-reporter.ts';
import { openPack } from './relay.ts';
import { ResolvedScope } from './resolve-scope.ts';
import type { RunContext } from './run-context.ts';
import { collectStats } from './run-result.ts';
import type { FetchCallOptions, FetchRequest, FetchResult } from './unstable-client.ts';
import { validateFetchRequest } from './validate-request.ts';

/** Fetches from the source alone; see {@link FetchCallOptions.onPack}. */
export async function fetchOnly(
  request: FetchRequest,
  options: Options,
  { signal, onProgress, onPack = discard }: FetchCallOptions,
): Promise<FetchResult> {
  validateFetchRequest(request);
  signal?.throwIfAborted();
  const sampler = new MemorySampler(request.measureMemory === true);
  let objects = 0;
  const progress = new ProgressReporter((event) => {
    if (event.type === 'pack') objects = event.objects;
    onProgress?.(event);
  });
  const context: RunContext = { signal, progress, advanced: request.advanced ?? {} };
  const tally = new ServiceTally('source git-upload-pack');
  let source: PackSource | undefined;
  try {
    source = await openSource(request.source, request.protocol ?? 'auto', options, context, tally);
    const scope = new ResolvedScope(request.scope ?? {}, request.includeTags === true);
    const { refs, head } = await source.listRefs(scope.sourcePrefixes);
    const selected = scope.select(refs, { sourceUrl: source.displayUrl, allowMissing: false });
    const haves = request.haves ?? [];
    const wants = [...new Set(selected.map(({ oid }) => oid))].filter((oid) => !haves.includes(oid));
    let bytes = 0;
    if (wants.length > 0) {
      const pack = await openPack(source, { wants, haves }, true, context);
      await onPack(
        tapStream(pack, (count) => {
          bytes += count;
        }),
      );
    }
    const measurement = sampler.finish();
    return {
      sourceUrl: source.displayUrl,
      protocol: source.protocol,
      refs: selected.map(({ sourceRef, oid }) => ({ name: sourceRef, hash: oid })),
      sourceHead: head ?? '',
      objects,
      bytes,
      stats: collectStats(request.collectStats === true, [tally], progress, measurement.elapsedMillis),
      measurement,
    };
  } finally {
    sampler.finish();
    await source?.close();
  }
}

async function discard(pack: ByteStream): Promise<void> {
  const iterator = pack[Symbol.asyncIterator]();
  while ((await iterator.next()).done !== true);
}
