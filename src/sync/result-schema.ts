import { z } from 'zod';
import { errorMeanings, type ErrorCode } from '../core/error.ts';
import type {
  Action,
  BatchSummary,
  ErrorInfo,
  ExecutionSummary,
  Measurement,
  PlanResult,
  ProbeResult,
  RefInfo,
  RefResult,
  ServiceStats,
  SideThroughput,
  Stats,
  SyncCounts,
  SyncResult,
  TargetResult,
  TransferMode,
} from './result.ts';

const text = (description: string) => z.string().meta({ description });
const flag = (description: string) => z.boolean().meta({ description });
/** A number that is never negative, and whole. */
const count = (description: string) => z.int().nonnegative().meta({ description });
const amount = (description: string) => z.number().nonnegative().meta({ description });
const hash = (description: string) =>
  z
    .string()
    .regex(/^(?:[0-9a-f]{40}|[0-9a-f]{64})?$/)
    .meta({ description });

const actions = ['create', 'update', 'delete', 'skip', 'block', 'warn'] as const satisfies readonly Action[];
const transferModes = [
  'none',
  'bootstrap',
  'batched',
  'incremental',
  'replicate',
  'materialized',
] as const satisfies readonly TransferMode[];
const errorCodes = Object.keys(errorMeanings) as ErrorCode[];

const refInfo = z
  .object({ name: text('Full name.'), hash: hash('Object it names.') })
  .readonly()
  .meta({ id: 'RefInfo', description: 'A ref and the object it names.' });

const refResult = z
  .object({
    branch: text('Short name.'),
    sourceRef: text('Full name on the source; empty when the ref is to be deleted.'),
    targetRef: text('Full name on the target.'),
    sourceHash: hash('Object on the source; empty when there is none.'),
    targetHash: hash('Object on the target before the run; empty when there was none.'),
    kind: z.enum(['branch', 'tag', 'other']).meta({ description: 'What the ref is, by its namespace.' }),
    action: z.enum(actions).meta({
      description: 'What happens or happened. `block`: not safe to do; `warn`: refused by the target, best effort.',
    }),
    reason: text('Why, in a few words.'),
  })
  .readonly()
  .meta({ id: 'RefResult', description: 'One ref of the target and what is done to it.' });

const syncCounts = z
  .object({
    applied: count('Refs created or updated.'),
    skipped: count('Refs left alone.'),
    blocked: count('Refs that are not safe to update; nothing was pushed then.'),
    deleted: count('Refs deleted.'),
    warned: count('Refs that the target refused in a best-effort run.'),
  })
  .readonly()
  .meta({ id: 'SyncCounts', description: 'How many refs ended in which way.' });

const batchSummary = z
  .object({
    enabled: flag('Whether the objects went in several pushes.'),
    planned: count('Pushes planned.'),
    done: count('Pushes done.'),
  })
  .readonly()
  .meta({ id: 'BatchSummary', description: 'How a bootstrap was cut into pushes.' });

const executionSummary = z
  .object({
    dryRun: flag('Whether this is a plan: nothing was pushed.'),
    protocol: text('Protocol spoken to the source: `v0`, `v1`, `v2`, or `dumb`.'),
    operationMode: z.enum(['sync', 'replicate']).meta({ description: 'What was asked for.' }),
    relay: flag('Whether all objects were relayed without being stored.'),
    transferMode: z.enum(transferModes).meta({ description: 'Which way the objects took.' }),
    reason: text('Why this way was taken.'),
    bootstrapSuggested: flag('Whether the target is empty.'),
    sourceHead: text('Full name of the branch that HEAD of the source names; empty when it is detached or unknown.'),
    batch: batchSummary,
  })
  .readonly()
  .meta({ id: 'ExecutionSummary', description: 'How a run was carried out.' });

const serviceStats = z
  .object({
    name: text('Which end and which service.'),
    requests: count('Requests sent.'),
    requestBytes: count('Bytes of request bodies.'),
    responseBytes: count('Bytes of answer bodies, decompressed.'),
    wants: count('Objects asked for.'),
    haves: count('Objects said to be there already.'),
    commands: count('Ref updates sent.'),
  })
  .readonly()
  .meta({ id: 'ServiceStats', description: 'Traffic with one service of one end.' });

const sideThroughput = z
  .object({
    label: text('`source`, or the URL of the target.'),
    bytes: count('Pack bytes.'),
    activeMs: amount('Milliseconds in which bytes moved.'),
    bytesPerSecond: amount('Bytes in each active second.'),
  })
  .readonly()
  .meta({ id: 'SideThroughput', description: 'Pack bytes of one side and how fast they went.' });

const stats = z
  .object({
    enabled: flag('Whether traffic was counted (`--stats`).'),
    items: z.record(z.string(), serviceStats).readonly().meta({ description: 'By end and service.' }),
    sides: z.array(sideThroughput).readonly().meta({ description: 'By side.' }),
    elapsedMs: amount('Milliseconds the run took.'),
  })
  .readonly()
  .meta({ id: 'Stats', description: 'Traffic of a run; empty unless asked for.' });

const measurement = z
  .object({
    enabled: flag('Whether memory was measured (`--measure-memory`).'),
    elapsedMillis: amount('Milliseconds the run took.'),
    peakHeapBytes: amount('Largest heap seen; 0 unless measured.'),
    peakRssBytes: amount('Largest resident memory seen; 0 unless measured.'),
  })
  .readonly()
  .meta({ id: 'Measurement', description: 'What a run took.' });

const errorInfo = z
  .object({
    code: z.enum(errorCodes).meta({ description: 'Stable name of the kind of error; see docs/errors.md.' }),
    message: text('A sentence for people. Its wording may change.'),
    retryable: flag('Whether the same run may succeed later with nothing changed on this side.'),
    details: z.record(z.string(), z.unknown()).readonly().meta({ description: 'Facts that depend on the code.' }),
  })
  .readonly()
  .meta({ id: 'ErrorInfo', description: 'An error.' });

const targetFields = {
  targetUrl: text('URL or path of the target, credentials removed.'),
  refs: z.array(refResult).readonly().meta({ description: 'Every ref in scope, sorted by its name on the target.' }),
  counts: syncCounts,
  execution: executionSummary,
  error: errorInfo.optional().meta({
    description: 'Why this target failed. Only with several targets: with one, the document is an error instead.',
  }),
};

const targetResult = z
  .object(targetFields)
  .readonly()
  .meta({ id: 'TargetResult', description: 'Outcome at one target.' });

const ignoredRefs = z
  .array(z.string())
  .readonly()
  .optional()
  .meta({ description: 'Refs of the source left out because their names are not legal; present when there are some.' });

/** `git mirror sync`, `replicate`, `bootstrap` and `plan`, and the calls of the same names. */
export const syncResultSchema = z
  .object({
    sourceUrl: text('URL or path of the source, credentials removed.'),
    ...targetFields,
    stats,
    measurement,
    ignoredRefs,
    targets: z
      .array(targetResult)
      .readonly()
      .optional()
      .meta({ description: 'One entry a target, in the order given; present when several were given.' }),
  })
  .readonly()
  .meta({ title: 'SyncResult', description: 'Outcome of a sync, replicate, bootstrap or plan.' });

/** `git mirror probe`, and `client.probe`. */
export const probeResultSchema = z
  .object({
    sourceUrl: text('URL or path of the source, credentials removed.'),
    targetUrl: text('URL or path of the target, credentials removed; empty when none was named.'),
    requestedMode: z.enum(['auto', 'v1', 'v2']).meta({ description: 'Protocol asked for.' }),
    protocol: text('Protocol spoken to the source: `v0`, `v1`, `v2`, or `dumb`.'),
    refPrefixes: z.array(z.string()).readonly().meta({ description: 'Prefixes of the refs that were listed.' }),
    sourceCapabilities: z.array(z.string()).readonly().meta({ description: 'Capabilities of the source.' }),
    targetCapabilities: z.array(z.string()).readonly().meta({ description: 'Capabilities of the target.' }),
    refs: z.array(refInfo).readonly().meta({ description: 'Refs of the source.' }),
    ignoredRefs,
    sourceHead: text('Full name of the branch that HEAD of the source names; empty when it is detached or unknown.'),
    stats,
    measurement,
  })
  .readonly()
  .meta({ title: 'ProbeResult', description: 'Outcome of a probe.' });

/** What a command with `--json` writes instead of a result when it fails. */
export const errorDocumentSchema = z
  .object({ error: errorInfo })
  .readonly()
  .meta({ title: 'Error', description: 'What is written instead of a result when a command fails.' });

/** Every published document, by the name of its file without the ending. */
export const resultSchemas = {
  'sync-result': syncResultSchema,
  'probe-result': probeResultSchema,
  error: errorDocumentSchema,
} as const;

/** `true` when the two types are the same, optional and readonly marks included; otherwise an error to compile. */
// The conditional types are compared whole, which tells readonly and optional fields apart; that needs the parameter.
/* eslint-disable @typescript-eslint/no-unnecessary-type-parameters */
type Same<Left, Right> =
  (<Probe>() => Probe extends Left ? 1 : 2) extends <Probe>() => Probe extends Right ? 1 : 2 ? true : never;
/* eslint-enable @typescript-eslint/no-unnecessary-type-parameters */

/** That the schemas say what the interfaces say: this file does not compile otherwise. */
export const schemasMatchTypes: readonly [
  Same<z.output<typeof syncResultSchema>, SyncResult>,
  Same<z.output<typeof syncResultSchema>, PlanResult>,
  Same<z.output<typeof probeResultSchema>, ProbeResult>,
  Same<z.output<typeof targetResult>, TargetResult>,
  Same<z.output<typeof refResult>, RefResult>,
  Same<z.output<typeof refInfo>, RefInfo>,
  Same<z.output<typeof syncCounts>, SyncCounts>,
  Same<z.output<typeof batchSummary>, BatchSummary>,
  Same<z.output<typeof executionSummary>, ExecutionSummary>,
  Same<z.output<typeof serviceStats>, ServiceStats>,
  Same<z.output<typeof sideThroughput>, SideThroughput>,
  Same<z.output<typeof stats>, Stats>,
  Same<z.output<typeof measurement>, Measurement>,
  Same<z.output<typeof errorInfo>, ErrorInfo>,
] = [true, true, true, true, true, true, true, true, true, true, true, true, true, true];
