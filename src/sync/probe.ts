import { ServiceTally } from '../client/service-tally.ts';
import type { PackSource } from '../client/pack-source.ts';
import type { TargetSession } from '../client/target-session.ts';
import type { Options } from './client.ts';
import { MemorySampler } from './measurement.ts';
import { openSource, openTarget } from './prepare-run.ts';
import { ProgressReporter } from './progress-reporter.ts';
import type { CallOptions } from './progress.ts';
import type { ProbeRequest } from './request.ts';
import type { ProbeResult } from './result.ts';
import type { RunContext } from './run-context.ts';
import { collectStats } from './run-result.ts';
import { validateProbeRequest } from './validate-request.ts';

/** What a source has and can do, and, when one is named, what a target can do. */
export async function probe(
  request: ProbeRequest,
  options: Options,
  { signal, onProgress }: CallOptions,
): Promise<ProbeResult> {
  validateProbeRequest(request);
  signal?.throwIfAborted();
  const sampler = new MemorySampler(request.measureMemory === true);
  const progress = new ProgressReporter(onProgress);
  const context: RunContext = { signal, progress, advanced: {} };
  const protocol = request.protocol ?? 'auto';
  const tallies = {
    source: new ServiceTally('source git-upload-pack'),
    target: new ServiceTally('target git-receive-pack'),
  };
  let source: PackSource | undefined;
  let target: TargetSession | undefined;
  try {
    source = await openSource(request.source, protocol, options, context, tallies.source);
    const refPrefixes = prefixesOf(request);
    const { refs, head, invalidNames } = await source.listRefs(refPrefixes);
    if (request.target !== undefined) {
      target = await openTarget(request.target, protocol, options, context, tallies.target);
    }
    const excluded = request.excludeRefPrefixes ?? [];
    const measurement = sampler.finish();
    return {
      sourceUrl: source.displayUrl,
      targetUrl: target?.displayUrl ?? '',
      requestedMode: protocol,
      protocol: source.protocol,
      refPrefixes,
      sourceCapabilities: source.capabilities,
      targetCapabilities: target?.capabilities ?? [],
      refs: refs
        .filter(({ name }) => !excluded.some((prefix) => name.startsWith(prefix)))
        .map(({ name, oid }) => ({ name, hash: oid })),
      ...(invalidNames.length === 0 ? {} : { ignoredRefs: invalidNames }),
      sourceHead: head ?? '',
      stats: collectStats(
        request.collectStats === true,
        target === undefined ? [tallies.source] : [tallies.source, tallies.target],
        progress,
        measurement.elapsedMillis,
      ),
      measurement,
    };
  } finally {
    sampler.finish();
    await source?.close();
    await target?.close();
  }
}

function prefixesOf(request: ProbeRequest): readonly string[] {
  if (request.refPrefixes !== undefined) return request.refPrefixes;
  if (request.allRefs === true) return ['refs/'];
  return request.includeTags === true ? ['refs/heads/', 'refs/tags/'] : ['refs/heads/'];
}
