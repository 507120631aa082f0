import { z } from 'zod';
import { GitMirrorError } from '../core/error.ts';
import { isObjectId } from '../core/object-id.ts';
import { isValidRefName } from '../core/ref-name.ts';
import { sameRepository } from '../transport/same-repository.ts';
import { parseEndpoint } from '../transport/parse-endpoint.ts';
import type { OperationMode, ProbeRequest } from './request.ts';
import { fullRefName } from './resolve-scope.ts';
import type { FetchRequest, UnstableSyncRequest } from './unstable-client.ts';

const endpoint = z.strictObject({
  url: z.string().min(1, 'must name a repository'),
  followInfoRefsRedirect: z.boolean().optional(),
});
const refName = z.string().refine((name) => isValidRefName(fullRefName(name)), 'is not a legal ref name');
const fullName = z.string().refine((name) => isValidRefName(name), 'is not a legal full ref name');
const prefix = z.string().refine((text) => text.startsWith('refs/'), "must begin with 'refs/'");
const pattern = z.string().refine((name) => {
  const stars = name.split('*').length - 1;
  return stars <= 1 && isValidRefName(fullRefName(name.replace('*', 'x')));
}, "is not a legal ref name or pattern with one '*'");
const mapping = z
  .strictObject({ source: pattern, target: pattern })
  .refine(({ source, target }) => source.includes('*') === target.includes('*'), "needs '*' on both sides or neither");
const protocol = z.enum(['auto', 'v1', 'v2']);
const positive = z.int().positive();

const scope = z.strictObject({
  branches: z.array(refName).optional(),
  mappings: z.array(mapping).optional(),
  allRefs: z.boolean().optional(),
  excludeRefPrefixes: z.array(prefix).optional(),
  excludeRefs: z.array(fullName).optional(),
});

const policy = z.strictObject({
  mode: z.enum(['sync', 'replicate']).optional(),
  includeTags: z.boolean().optional(),
  force: z.boolean().optional(),
  forceWithLease: z.boolean().optional(),
  forceBlind: z.boolean().optional(),
  prune: z.boolean().optional(),
  bestEffort: z.boolean().optional(),
  atomic: z.boolean().optional(),
  pushOptions: z.array(z.string().refine((text) => !/[\0\n]/.test(text), 'must not hold line ends or NUL')).optional(),
  onRewrite: z.enum(['overwrite', 'keep', 'block']).optional(),
  maxPrunePercent: z.number().min(0).max(100).optional(),
  protocol: protocol.optional(),
});

const advanced = z.strictObject({
  maxPackBytes: positive.optional(),
  targetMaxPackBytes: positive.optional(),
  targetMaxRefUpdates: positive.optional(),
  materializedMaxObjects: positive.optional(),
  materializedMaxBytes: positive.optional(),
  bootstrapOrder: z.enum(['first-parent', 'topo']).optional(),
  temporaryDirectory: z.string().min(1).optional(),
  slowTargetMs: positive.optional(),
});

const common = {
  collectStats: z.boolean().optional(),
  measureMemory: z.boolean().optional(),
};

const syncRequest = z.strictObject({
  ...common,
  source: endpoint,
  target: endpoint.optional(),
  targets: z.array(endpoint).min(1).optional(),
  scope: scope.optional(),
  policy: policy.optional(),
  advanced: advanced.optional(),
});

const probeRequest = z.strictObject({
  ...common,
  source: endpoint,
  target: endpoint.optional(),
  includeTags: z.boolean().optional(),
  allRefs: z.boolean().optional(),
  refPrefixes: z.array(prefix).optional(),
  excludeRefPrefixes: z.array(prefix).optional(),
  protocol: protocol.optional(),
});

const fetchRequest = z.strictObject({
  ...common,
  source: endpoint,
  scope: scope.optional(),
  includeTags: z.boolean().optional(),
  haves: z.array(z.string().refine((oid) => isObjectId(oid), 'is not an object name')).optional(),
  protocol: protocol.optional(),
  advanced: advanced.optional(),
});

/** Throws `GM_USAGE` naming the field unless `request` is a well-formed probe. */
export function validateProbeRequest(request: ProbeRequest): void {
  check(probeRequest, request);
  checkUrl(request.source.url, 'source.url');
  if (request.target !== undefined) checkUrl(request.target.url, 'target.url');
}

/** Throws `GM_USAGE` naming the field unless `request` is a well-formed fetch. */
export function validateFetchRequest(request: FetchRequest): void {
  check(fetchRequest, request);
  checkUrl(request.source.url, 'source.url');
}

/** Throws `GM_USAGE` naming the field unless `request` is well-formed and its settings do not contradict each other. */
export async function validateSyncRequest(
  request: UnstableSyncRequest,
  called: OperationMode | undefined,
): Promise<void> {
  check(syncRequest, request);
  const targets = request.targets ?? (request.target === undefined ? [] : [request.target]);
  if (targets.length === 0) throw usage('target', 'is missing: name the repository to write to');
  if (request.target !== undefined && request.targets !== undefined) {
    throw usage('targets', 'and target are both set; use one of them');
  }
  checkUrl(request.source.url, 'source.url');
  for (const [index, target] of targets.entries()) {
    const field = request.target === undefined ? `targets[${index}].url` : 'target.url';
    checkUrl(target.url, field);
    if (await sameRepository(request.source.url, target.url)) {
      throw usage(field, 'is the same repository as the source');
    }
    for (const other of targets.slice(0, index)) {
      if (await sameRepository(other.url, target.url)) throw usage(field, 'is named twice');
    }
  }
  checkPolicy(request, called);
}

function checkPolicy(request: UnstableSyncRequest, called: OperationMode | undefined): void {
  const { scope: refs = {}, policy: rules = {} } = request;
  if (called !== undefined && rules.mode !== undefined && rules.mode !== called) {
    throw usage('policy.mode', `is '${rules.mode}', but '${called}' was called`);
  }
  const lease = rules.force === true || rules.forceWithLease === true;
  if (lease && rules.forceBlind === true) {
    throw usage('policy.forceBlind', 'contradicts forceWithLease (force): a lease protects what blind overwrites');
  }
  const forced = lease || rules.forceBlind === true;
  const mode = called ?? rules.mode ?? 'sync';
  if (mode === 'replicate' && forced) {
    throw usage('policy.forceWithLease', 'does not apply to replicate, which always overwrites; use sync');
  }
  if (mode === 'replicate' && rules.bestEffort === true) {
    throw usage('policy.bestEffort', 'does not apply to replicate, which must end equal to the source; use sync');
  }
  if (forced && rules.onRewrite === 'block') {
    throw usage('policy.onRewrite', "is 'block', which contradicts force");
  }
  if (rules.atomic === true && rules.bestEffort === true) {
    throw usage('policy.atomic', 'contradicts bestEffort: all or none, or as many as possible');
  }
  if (rules.atomic === true && request.advanced?.targetMaxRefUpdates !== undefined) {
    throw usage('policy.atomic', 'contradicts advanced.targetMaxRefUpdates, which takes several pushes');
  }
  if (rules.maxPrunePercent !== undefined && rules.prune !== true) {
    throw usage('policy.maxPrunePercent', 'needs prune');
  }
  if (refs.allRefs === true && (refs.branches?.length ?? 0) > 0) {
    throw usage('scope.allRefs', 'contradicts branches: every ref, or only those named');
  }
}

function check(schema: z.ZodType, request: unknown): void {
  const outcome = schema.safeParse(request);
  if (outcome.success) return;
  const [issue] = outcome.error.issues;
  const path = (issue?.path ?? []).map((part) => (typeof part === 'number' ? `[${part}]` : `.${String(part)}`));
  throw usage(path.join('').replace(/^\./, '') || 'request', issue?.message ?? 'is malformed');
}

function checkUrl(url: string, field: string): void {
  try {
    parseEndpoint(url);
  } catch (error) {
    throw usage(field, `is not a repository URL or path: ${error instanceof Error ? error.message : ''}`, error);
  }
}

function usage(field: string, problem: string, cause?: unknown): GitMirrorError {
  return new GitMirrorError('GM_USAGE', `${field} ${problem}.`, {
    details: { field },
    ...(cause === undefined ? {} : { cause }),
  });
}
