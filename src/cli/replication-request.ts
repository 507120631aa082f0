import type { AdvancedOptions } from '../sync/advanced-options.ts';
import type { ProbeRequest, RefScope, SyncPolicy } from '../sync/request.ts';
import type { UnstableSyncRequest } from '../sync/unstable-client.ts';
import type { Endpoint } from '../transport/endpoint.ts';
import type { AdvancedFlags } from './flags/advanced-flags.ts';
import type { EndpointFlags } from './flags/endpoint-flags.ts';
import type { MeasureFlags } from './flags/measure-flags.ts';
import type { ModeFlags, PolicyFlags } from './flags/policy-flags.ts';
import type { ListingFlags, ScopeFlags } from './flags/scope-flags.ts';

/** Flags of the commands that copy, or say what they would copy. */
export type ReplicationFlags = ScopeFlags & PolicyFlags & AdvancedFlags & EndpointFlags & MeasureFlags & ModeFlags;

/** Flags of `probe`. */
export type ProbeFlags = ListingFlags & EndpointFlags & MeasureFlags;

/** `fields` without those that are not set: the library's defaults are the library's. */
function present<Fields extends object>(fields: Fields): Partial<Fields> | undefined {
  const set = Object.entries(fields).filter(([, value]) => value !== undefined);
  return set.length === 0 ? undefined : (Object.fromEntries(set) as Partial<Fields>);
}

function endpoint(url: string, flags: EndpointFlags): Endpoint {
  return flags.followRedirects === undefined ? { url } : { url, followInfoRefsRedirect: flags.followRedirects };
}

function scopeOf(flags: ScopeFlags): RefScope | undefined {
  return present({
    branches: flags.branch,
    mappings: flags.map,
    allRefs: flags.allRefs,
    excludeRefPrefixes: flags.excludeRefPrefix,
    excludeRefs: flags.excludeRef,
  });
}

function policyOf(flags: ReplicationFlags, commandName: string): SyncPolicy | undefined {
  // Some refs of a hosting site (refs/pull/…) are refused by every other one: with all refs that is no failure.
  const isTolerant = commandName === 'sync' && flags.allRefs === true && flags.atomic !== true;
  return present({
    mode: flags.mode,
    includeTags: flags.tags,
    force: flags.force,
    forceWithLease: flags.forceWithLease,
    forceBlind: flags.forceBlind,
    prune: flags.prune,
    bestEffort: flags.bestEffort ?? (isTolerant ? true : undefined),
    atomic: flags.atomic,
    pushOptions: flags.pushOption,
    onRewrite: flags.onRewrite,
    maxPrunePercent: flags.maxPrunePercent,
    protocol: flags.protocol,
  });
}

function advancedOf(flags: AdvancedFlags): AdvancedOptions | undefined {
  return present({
    maxPackBytes: flags.maxPackBytes,
    targetMaxPackBytes: flags.targetMaxPackBytes,
    targetMaxRefUpdates: flags.targetMaxRefUpdates,
    materializedMaxObjects: flags.materializedMaxObjects,
    materializedMaxBytes: flags.materializedMaxBytes,
    bootstrapOrder: flags.bootstrapStrategy,
    temporaryDirectory: flags.temporaryDirectory,
    slowTargetMs: flags.slowTargetMs,
  });
}

/** The request that `git mirror <commandName> <operands>` with `flags` stands for. Checking it is the library's task. */
export function replicationRequest(
  commandName: string,
  operands: readonly string[],
  flags: ReplicationFlags,
): UnstableSyncRequest {
  const [source = '', ...targets] = operands;
  const [target = ''] = targets;
  return {
    source: endpoint(source, flags),
    ...(targets.length > 1
      ? { targets: targets.map((url) => endpoint(url, flags)) }
      : { target: endpoint(target, flags) }),
    ...present({
      scope: scopeOf(flags),
      policy: policyOf(flags, commandName),
      advanced: advancedOf(flags),
      collectStats: flags.stats,
      measureMemory: flags.measureMemory,
    }),
  };
}

/** The request that `git mirror probe <operands>` with `flags` stands for. */
export function probeRequest(operands: readonly string[], flags: ProbeFlags): ProbeRequest {
  const [source = '', target] = operands;
  return {
    source: endpoint(source, flags),
    ...present({
      target: target === undefined ? undefined : endpoint(target, flags),
      includeTags: flags.tags,
      allRefs: flags.allRefs,
      refPrefixes: flags.refPrefix,
      excludeRefPrefixes: flags.excludeRefPrefix,
      protocol: flags.protocol,
      collectStats: flags.stats,
      measureMemory: flags.measureMemory,
    }),
  };
}
