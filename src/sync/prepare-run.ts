import type { ServiceTally } from '../client/service-tally.ts';
import type { PackSource } from '../client/pack-source.ts';
import type { RemoteRefs } from '../client/remote-refs.ts';
import { SourceSession } from '../client/source-session.ts';
import { TargetSession } from '../client/target-session.ts';
import { GitMirrorError, isGitMirrorError } from '../core/error.ts';
import type { Endpoint } from '../transport/endpoint.ts';
import type { ProtocolVersion } from '../transport/connect-options.ts';
import type { Options } from './client.ts';
import { findFastForwards } from './ancestry.ts';
import { DumbSource } from './dumb-source.ts';
import { remoteOptions } from './open-ends.ts';
import { movesToCheck, planRefs } from './plan-refs.ts';
import type { ProtocolMode, RefScope } from './request.ts';
import type { ResolvedPolicy } from './resolve-policy.ts';
import { ResolvedScope } from './resolve-scope.ts';
import type { RunContext } from './run-context.ts';
import { TargetRun } from './target-run.ts';

/** What a run is made of, validated. */
export interface RunInput {
  readonly source: Endpoint;
  readonly targets: readonly Endpoint[];
  readonly scope: RefScope;
  readonly includeTags: boolean;
  readonly policy: ResolvedPolicy;
  readonly protocol: ProtocolMode;
}

/** The version that is asked for. */
function protocolVersion(mode: ProtocolMode): ProtocolVersion {
  return mode === 'v1' ? 1 : 2;
}

/** Connects to the source, be it a Git service or plain files; with `--protocol v2`, anything else is refused. */
export async function openSource(
  endpoint: Endpoint,
  protocol: ProtocolMode,
  options: Options,
  context: RunContext,
  tally: ServiceTally,
): Promise<PackSource> {
  const remote = await remoteOptions(endpoint, 'source', options, context, tally);
  let source: PackSource;
  try {
    source = await SourceSession.open(remote, protocolVersion(protocol));
  } catch (error) {
    if (!isGitMirrorError(error, 'GM_DUMB_HTTP')) throw error;
    source = await DumbSource.open(remote, context);
  }
  if (protocol !== 'v2' || source.protocol === 'v2') return source;
  await source.close();
  throw new GitMirrorError('GM_PROTOCOL', `${source.displayUrl} does not speak protocol v2; use --protocol auto.`);
}

/** Connects to a target and reads its refs. */
export async function openTarget(
  endpoint: Endpoint,
  protocol: ProtocolMode,
  options: Options,
  context: RunContext,
  tally: ServiceTally,
): Promise<TargetSession> {
  return TargetSession.open(
    await remoteOptions(endpoint, 'target', options, context, tally),
    protocol === 'v1' ? 1 : 0,
  );
}

/** Plans what happens at one target: compares refs, and asks the source for ancestry where the outcome hangs on it. */
export async function planTarget(
  source: PackSource,
  refs: RemoteRefs,
  target: TargetSession,
  input: RunInput,
  context: RunContext,
): Promise<TargetRun> {
  assertSameFormat(source, target);
  const scope = new ResolvedScope(input.scope, input.includeTags);
  const desired = scope.select(refs.refs, { sourceUrl: source.displayUrl, allowMissing: input.policy.prune });
  const planInput = { desired, targetRefs: target.refs, scope, policy: input.policy };
  const moves = movesToCheck(planInput);
  if (moves.length > 0) context.progress.phase('ancestry', `comparing history with ${target.displayUrl}`);
  const fastForwards =
    moves.length === 0
      ? new Set<string>()
      : await findFastForwards(source, moves, {
          signal: context.signal,
          spoolDir: context.advanced.temporaryDirectory,
        });
  return new TargetRun(target, input.policy, planRefs(planInput, fastForwards), context.progress);
}

function assertSameFormat(source: PackSource, target: TargetSession): void {
  // An empty repository says nothing at all in v0 and v1, not even its format; there is nothing to copy then either.
  if (target.objectFormat === source.objectFormat || source.capabilities.length === 0) return;
  throw new GitMirrorError(
    'GM_OBJECT_FORMAT',
    `${source.displayUrl} names objects by ${source.objectFormat}, ${target.displayUrl} by ${target.objectFormat}: objects cannot be copied between them. Use a target made with 'git init --object-format=${source.objectFormat}'.`,
    { details: { source: source.objectFormat, target: target.objectFormat } },
  );
}
