import type { TargetSession } from '../client/target-session.ts';
import type { ByteStream } from '../core/byte-stream.ts';
import { streamOf } from '../core/byte-stream.ts';
import { GitMirrorError } from '../core/error.ts';
import { nullOid, type ObjectFormat, type ObjectId } from '../core/object-id.ts';
import { encodeEmptyPack } from '../pack/pack-header.ts';
import type { ReportStatus } from '../wire/report-status.ts';
import type { RefCommand } from '../wire/update-request.ts';
import { ownRefPrefix } from './resolve-scope.ts';
import type { ProgressReporter } from './progress-reporter.ts';
import type { BatchSummary, RefPlan, RefResult, TransferMode } from './result.ts';
import { RefRejectedError, TargetRefMovedError } from './ref-errors.ts';
import type { ResolvedPolicy } from './resolve-policy.ts';

/** How often a blind overwrite tries again when the ref keeps moving under it. */
const maxBlindTries = 5;

/** One target of a run: its session, its plan, and what has become of each ref. */
export class TargetRun {
  readonly url: string;
  readonly session: TargetSession;
  readonly policy: ResolvedPolicy;
  readonly plans: readonly RefPlan[];
  transferMode: TransferMode = 'none';
  relay = true;
  reason = 'every ref is up to date';
  batch: BatchSummary = { enabled: false, planned: 0, done: 0 };
  readonly #results: Map<string, RefResult>;
  readonly #progress: ProgressReporter;

  constructor(session: TargetSession, policy: ResolvedPolicy, plans: readonly RefPlan[], progress: ProgressReporter) {
    this.url = session.displayUrl;
    this.session = session;
    this.policy = policy;
    this.plans = plans;
    this.#progress = progress;
    this.#results = new Map(plans.map((plan) => [plan.targetRef, plan]));
  }

  get format(): ObjectFormat {
    return this.session.objectFormat;
  }

  get results(): readonly RefResult[] {
    return [...this.#results.values()];
  }

  get isBlocked(): boolean {
    return this.plans.some(({ action }) => action === 'block');
  }

  /** Whether the target has no refs yet, besides those of an unfinished bootstrap. */
  get isEmpty(): boolean {
    return [...this.session.refs.keys()].every((name) => name.startsWith(ownRefPrefix));
  }

  /** Objects that the refs need and that no ref of the target names yet, first wanted first. */
  wants(commands: readonly RefCommand[]): readonly ObjectId[] {
    const held = new Set([...this.session.refs.values(), ...this.session.extraHaves, nullOid(this.format)]);
    return [...new Set(commands.map(({ newOid }) => newOid))].filter((oid) => !held.has(oid));
  }

  /**
   * Sends `commands` with `pack` (an empty pack when it is left out and one is needed) and settles every ref. In a
   * best-effort run refused refs become warnings; otherwise the first one is thrown, after all have been settled.
   * Commands for refs that are not in the plan (this package's own) are never best effort. `signal` ends this push
   * alone.
   */
  async push(commands: readonly RefCommand[], pack?: ByteStream, signal?: AbortSignal): Promise<void> {
    const needsPack = commands.some(({ newOid }) => newOid !== nullOid(this.format));
    const report = await this.session.push({
      commands,
      pack: needsPack ? (pack ?? streamOf(encodeEmptyPack(this.format))) : undefined,
      atomic: this.policy.atomic,
      pushOptions: this.policy.pushOptions,
      signal,
    });
    await this.#settle(commands, report, 1);
  }

  async #settle(commands: readonly RefCommand[], report: ReportStatus | undefined, attempt: number): Promise<void> {
    if (report !== undefined && report.unpack !== 'ok') {
      const { error } = report.unpack;
      throw new GitMirrorError('GM_UNPACK', `Pushing to ${this.url}: the target could not take the pack: ${error}.`, {
        details: { url: this.url, reason: error },
      });
    }
    const refused = report === undefined ? await this.#compareRefs(commands) : findRefused(commands, report);
    for (const command of commands) if (!refused.has(command.ref)) this.#progressFor(command.ref);
    if (refused.size === 0) return;

    await this.session.refresh();
    const now = this.session.refs;
    // Somebody else did the same, perhaps an earlier run that was cut off: there is nothing left to do.
    for (const { ref, newOid } of commands) {
      if (refused.has(ref) && (now.get(ref) ?? nullOid(this.format)) === newOid) refused.delete(ref);
    }
    const moved = commands.filter(
      ({ ref, oldOid }) => refused.has(ref) && (now.get(ref) ?? nullOid(this.format)) !== oldOid,
    );
    if (this.policy.blind && moved.length > 0 && attempt < maxBlindTries) {
      const again = moved.map((command) => ({ ...command, oldOid: now.get(command.ref) ?? nullOid(this.format) }));
      const retried = await this.session.push({
        commands: again,
        pack: streamOf(encodeEmptyPack(this.format)),
        pushOptions: this.policy.pushOptions,
      });
      await this.#settle(again, retried, attempt + 1);
      for (const { ref } of moved) refused.delete(ref);
    }
    this.#fail(commands, refused, new Set(moved.map(({ ref }) => ref)));
  }

  #fail(commands: readonly RefCommand[], refused: ReadonlyMap<string, string>, moved: ReadonlySet<string>): void {
    const applied = commands.map(({ ref }) => ref).filter((ref) => !refused.has(ref));
    const rejected = [...refused].map(([ref, reason]) => ({ ref, reason }));
    const details = { applied, rejected };
    for (const [ref, reason] of refused) {
      const plan = this.#results.get(ref);
      if (this.policy.bestEffort && plan !== undefined) {
        this.#results.set(ref, { ...plan, action: 'warn', reason });
        this.#progressFor(ref);
      } else if (moved.has(ref)) throw new TargetRefMovedError(this.url, ref, details);
      else throw new RefRejectedError(this.url, ref, reason, details);
    }
  }

  #progressFor(targetRef: string): void {
    const ref = this.#results.get(targetRef);
    if (ref !== undefined) this.#progress.emit({ type: 'ref', targetUrl: this.url, ref });
  }

  /** For a target that cannot report: what its refs say now. */
  async #compareRefs(commands: readonly RefCommand[]): Promise<Map<string, string>> {
    await this.session.refresh();
    const { refs } = this.session;
    const refused = commands.filter(({ ref, newOid }) => (refs.get(ref) ?? nullOid(this.format)) !== newOid);
    return new Map(refused.map(({ ref }) => [ref, 'the target does not report, and the ref is not what was pushed']));
  }
}

/** Refs of `commands` that the report does not call `ok`, and why. */
function findRefused(commands: readonly RefCommand[], report: ReportStatus): Map<string, string> {
  const statuses = new Map(report.refs.map((status) => [status.ref, status]));
  const refused = new Map<string, string>();
  for (const { ref } of commands) {
    const status = statuses.get(ref);
    if (status === undefined) refused.set(ref, 'the target did not mention it in its report');
    else if (!status.ok) refused.set(ref, status.reason ?? 'no reason given');
  }
  return refused;
}
