import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { defaultUploadLimits, type UploadLimits } from '../../src/upload/upload-limits.ts';
import { makeRepository } from '../repositories/make-repository.ts';
import type { Repository } from '../repositories/repository.ts';
import { makeTemporaryFolder, type TemporaryFolder } from '../repositories/temporary-folder.ts';
import { runOurs, type OurResult, type ServiceRun } from './both-services.ts';
import { v0Request, v2Request } from './compare.ts';
import { withRepository } from './open-repository.ts';
import { readUploadOutput } from './read-output.ts';

describe('limits', () => {
  let folder: TemporaryFolder;
  let repository: Repository;
  let tips: readonly string[] = [];

  beforeAll(async () => {
    folder = await makeTemporaryFolder();
    repository = await makeRepository(join(folder.path, 'source'), { commits: 6, branches: 3 });
    await repository.configure('uploadpack.allowFilter', 'true');
    await repository.configure('uploadpack.allowRefInWant', 'true');
    await repository.configure('transfer.advertiseObjectInfo', 'true');
    tips = (await repository.git('rev-list', '--all')).split('\n');
  });
  afterAll(() => folder[Symbol.asyncDispose]());

  const run = (request: ServiceRun, limits: Partial<UploadLimits> = {}): Promise<OurResult> =>
    withRepository(repository.path, (opened) =>
      runOurs(opened, request, { limits: { ...defaultUploadLimits, ...limits } }),
    );
  /** Expects the request to be refused with these words under `limits`, and to go through without. */
  const refused = async (request: ServiceRun, limits: Partial<UploadLimits>, words: string): Promise<void> => {
    const { output, failure, facts } = await run(request, limits);
    expect(failure).toBeUndefined();
    expect(readUploadOutput(output).lines.at(-1)).toBe(`ERR ${words}`);
    expect(facts.refusal).toBe(words);
    const free = await run(request);
    expect(free.failure).toBeUndefined();
    expect(free.facts.refusal).toBeUndefined();
  };
  const wants = (): string[] => tips.slice(0, 5).map((oid) => `want ${oid}`);
  const haves = (): string[] => tips.slice(0, 5).map((oid) => `have ${oid}`);

  it('bounds wants', async () => {
    const words = 'upload-pack: too many wants, 4 is the limit';
    await refused(v2Request('fetch', [...wants(), 'done']), { maxWants: 4 }, words);
    await refused(v0Request([...wants(), '0000', 'done']), { maxWants: 4 }, words);
    const names = tips.slice(0, 5).map((oid) => `oid ${oid}`);
    const infos = 'object-info: too many objects, 4 is the limit';
    await refused(v2Request('object-info', ['size', ...names]), { maxWants: 4 }, infos);
  });

  it('bounds haves', async () => {
    const words = 'upload-pack: too many haves, 4 is the limit';
    const want = `want ${tips[0] ?? ''}`;
    await refused(v2Request('fetch', [want, ...haves(), 'done']), { maxHaves: 4 }, words);
    await refused(v0Request([want, '0000', ...haves(), 'done']), { maxHaves: 4 }, words);
  });

  it('bounds shallow, deepen-not and want-ref lines', async () => {
    const want = `want ${tips[0] ?? ''}`;
    const shallow = tips.slice(0, 5).map((oid) => `shallow ${oid}`);
    const words = 'upload-pack: too many shallow lines, 4 is the limit';
    await refused(v2Request('fetch', [want, ...shallow, 'done']), { maxShallows: 4 }, words);
    await refused(v0Request([want, ...shallow, '0000', 'done']), { maxShallows: 4 }, words);
    const not = Array.from({ length: 5 }, () => 'deepen-not topic-1');
    const notWords = 'upload-pack: too many deepen-not lines, 4 is the limit';
    await refused(v2Request('fetch', [want, ...not, 'done']), { maxShallows: 4 }, notWords);
    const refs = ['want-ref refs/heads/main', 'want-ref refs/heads/topic-1'];
    const refWords = 'upload-pack: too many want-ref lines, 1 is the limit';
    await refused(v2Request('fetch', [...refs, 'done']), { maxShallows: 1 }, refWords);
  });

  it('bounds the depth', async () => {
    const words = 'upload-pack: depth 11 is too large, 10 is the limit';
    const want = `want ${tips[0] ?? ''}`;
    await refused(v2Request('fetch', [want, 'deepen 11', 'done']), { maxDepth: 10 }, words);
    await refused(v0Request([want, 'deepen 11', '0000', 'done']), { maxDepth: 10 }, words);
  });

  it('bounds filters', async () => {
    const want = `want ${tips[0] ?? ''}`;
    const long = ['filter combine:blob:none+tree:1', want, 'done'];
    const longWords = 'upload-pack: filter-spec longer than 10 characters';
    await refused(v2Request('fetch', long), { maxFilterLength: 10 }, longWords);
    const nested = ['filter combine:combine:tree:1+blob:none', want, 'done'];
    const nestedWords = 'upload-pack: filter-spec with more than 1 filters inside each other';
    await refused(v2Request('fetch', nested), { maxFilterNesting: 1 }, nestedWords);
  });

  it('refuses a filter nested ten thousand deep by default', async () => {
    const spec = `${'combine:'.repeat(7000)}tree:1`;
    const { output, failure } = await run(v2Request('fetch', [`filter ${spec}`, `want ${tips[0] ?? ''}`, 'done']));
    expect(failure).toBeUndefined();
    expect(readUploadOutput(output).lines.at(-1)).toContain('more than 32 filters inside each other');
  });

  it('bounds pkt-lines', async () => {
    const request = v2Request('ls-refs', [`ref-prefix ${'x'.repeat(2000)}`]);
    await refused(request, { maxPktLineBytes: 1000 }, 'upload-pack: a pkt-line is longer than 1000 bytes');
  });

  it('lets many haves through below the limit', async () => {
    const line = `0032have ${'12'.repeat(20)}\n`;
    const head = v2Request('fetch', [`want ${tips[0] ?? ''}`]).input ?? new Uint8Array(0);
    const input = Buffer.concat([head.subarray(0, -4), Buffer.from(line.repeat(20_000)), Buffer.from('0000')]);
    const { output, facts } = await run({ mode: 'answer', gitProtocol: 'version=2', input });
    expect(facts.haves).toBe(20_000);
    expect(readUploadOutput(output).lines).toEqual(['acknowledgments\n', 'NAK\n', '0000']);
  });
});
