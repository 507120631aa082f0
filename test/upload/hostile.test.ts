import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isGitMirrorError } from '../../src/core/error.ts';
import { streamOf, type ByteStream } from '../../src/core/byte-stream.ts';
import type { MirrorDirectory } from '../../src/upload/mirror-directory.ts';
import { makeRepository } from '../repositories/make-repository.ts';
import type { Repository } from '../repositories/repository.ts';
import { makeTemporaryFolder, type TemporaryFolder } from '../repositories/temporary-folder.ts';
import { runOurs, type ServiceRun } from './both-services.ts';
import { packets } from './compare.ts';
import { withRepository } from './open-repository.ts';
import { readUploadOutput } from './read-output.ts';

const mirrors: MirrorDirectory = {
  list: () => Promise.resolve({ kind: 'not-found', valid: ['https://o.example/x'] }),
  notify: () => Promise.resolve({ kind: 'ok' }),
};

/** What fuzzed requests are made of. `OID` is one that is here, `TAG` a tag, `NONE` one that is not. */
const words = [
  ...['command=fetch', 'command=ls-refs', 'command=object-info', 'command=bundle-uri', 'object-format=sha1', 'agent=x'],
  ...['want OID', 'want TAG', 'want NONE', 'have OID', 'have NONE', 'have TAG', 'done', 'wait-for-done', 'thin-pack'],
  ...[
    'ofs-delta',
    'no-progress',
    'include-tag',
    'shallow OID',
    'shallow NONE',
    'deepen 2',
    'deepen 0',
    'deepen-relative',
  ],
  ...[
    'deepen-since 1600000000',
    'deepen-not main',
    'filter blob:none',
    'filter tree:1',
    'filter combine:x',
    'sideband-all',
  ],
  ...[
    'want-ref refs/heads/main',
    'want-ref \u0000',
    'packfile-uris https',
    'peel',
    'symrefs',
    'unborn',
    'ref-prefix refs/',
  ],
  ...['want OID multi_ack_detailed side-band-64k no-done', 'want OID side-band filter', 'want OID multi_ack', 'size'],
  ...[
    'command=mirrors',
    'command=mirror-notify',
    'limit=1',
    'at=https://m.example/x',
    `digest=${'0'.repeat(64)}`,
    'ttl=1',
  ],
  ...['oid OID', 'oid x', '0000', '0000', '0001', '0001', '0002', '', 'ERR x', '\u00e9', 'want OID\u0000x'],
];

describe('hostile requests', () => {
  let folder: TemporaryFolder;
  let repository: Repository;
  let oid = '';
  let tag = '';

  beforeAll(async () => {
    folder = await makeTemporaryFolder();
    repository = await makeRepository(join(folder.path, 'source'), { commits: 8, branches: 2, tags: 2, mergeEvery: 3 });
    for (const key of ['allowFilter', 'allowRefInWant', 'allowSidebandAll', 'advertiseBundleURIs']) {
      await repository.configure(`uploadpack.${key}`, 'true');
    }
    await repository.configure('transfer.advertiseObjectInfo', 'true');
    await repository.configure(
      'uploadpack.blobPackfileUri',
      `${'1'.repeat(40)} ${'2'.repeat(40)} https://example.com/`,
    );
    oid = await repository.resolve('main~2');
    tag = await repository.resolve('v1');
  });
  afterAll(() => folder[Symbol.asyncDispose]());

  /** An answer must be one that can be read, whatever was asked; what is thrown must be ours. */
  const survives = async (run: ServiceRun, input: ByteStream): Promise<void> => {
    const { output, error } = await withRepository(repository.path, (opened) =>
      runOurs(opened, run, { input, mirrors }),
    );
    if (error !== undefined) expect(isGitMirrorError(error, 'GM_PROTOCOL')).toBe(true);
    readUploadOutput(output);
  };
  const run = fc.record({
    mode: fc.constantFrom<ServiceRun['mode'][]>('answer', 'converse'),
    gitProtocol: fc.constantFrom('', 'version=1', 'version=2', 'version=2:url=https%3A//x', 'mirror', 'url=%'),
  });
  const fill = (line: string): string => line.replace('OID', oid).replace('TAG', tag).replace('NONE', '12'.repeat(20));

  it('survive when they are made of the right words in the wrong order', async () => {
    const lines = fc.array(fc.constantFrom(...words), { maxLength: 14 });
    await fc.assert(
      fc.asyncProperty(run, lines, async (how, chosen) => {
        await survives(how, streamOf(packets(chosen.map(fill))));
      }),
      { numRuns: 400 },
    );
  });

  it('survive when real ones are damaged, cut and come in pieces', async () => {
    const requests = [
      ['command=fetch', 'object-format=sha1', '0001', 'thin-pack', 'want OID', 'have NONE', 'deepen 3', 'done', '0000'],
      ['want OID multi_ack_detailed side-band-64k ofs-delta', 'shallow OID', 'deepen 2', '0000', 'have TAG', 'done'],
      ['command=ls-refs', '0001', 'peel', 'symrefs', 'ref-prefix refs/', '0000'],
    ];
    const damage = fc.array(fc.record({ at: fc.nat(400), byte: fc.nat(255) }), { maxLength: 4 });
    const cuts = fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1, maxLength: 8 });
    await fc.assert(
      fc.asyncProperty(
        run,
        fc.constantFrom(...requests),
        damage,
        cuts,
        fc.nat(500),
        async (how, lines, bad, sizes, end) => {
          const bytes = packets(lines.map(fill)).slice(0, Math.max(end, 40));
          for (const { at, byte } of bad) bytes[at % bytes.length] = byte;
          const pieces: Uint8Array[] = [];
          for (let at = 0, index = 0; at < bytes.length; index += 1) {
            const size = sizes[index % sizes.length] ?? 1;
            pieces.push(bytes.subarray(at, at + size));
            at += size;
          }
          await survives(how, streamOf(...pieces));
        },
      ),
      { numRuns: 300 },
    );
  });

  it('survive when they are noise', async () => {
    await fc.assert(
      fc.asyncProperty(run, fc.uint8Array({ maxLength: 300 }), async (how, bytes) => {
        await survives(how, streamOf(bytes));
      }),
      { numRuns: 200 },
    );
  });

  it('end with the reason when the client breaks off', async () => {
    async function* broken(): AsyncGenerator<Uint8Array> {
      yield packets(['command=fetch']);
      await Promise.reject(new Error('connection reset'));
    }
    const { error } = await withRepository(repository.path, (opened) =>
      runOurs(opened, { mode: 'answer', gitProtocol: 'version=2' }, { input: broken() }),
    );
    expect(error).toMatchObject({ message: 'connection reset' });
  });

  it('end at once when the exchange is aborted', async () => {
    const controller = new AbortController();
    controller.abort(new Error('client gone'));
    const request = { mode: 'advertise', gitProtocol: 'version=2' } as const;
    const { error, output } = await withRepository(repository.path, (opened) =>
      runOurs(opened, request, { signal: controller.signal }),
    );
    expect(error).toMatchObject({ message: 'client gone' });
    expect(output).toHaveLength(0);
  });

  it('fail with the sink when nobody reads', async () => {
    const input = packets(['command=fetch', '0001', `want ${oid}`, 'done', '0000']);
    let writes = 0;
    const { error, facts } = await withRepository(repository.path, (opened) =>
      runOurs(
        opened,
        { mode: 'answer', gitProtocol: 'version=2', input },
        {
          output: { write: () => (++writes < 2 ? undefined : Promise.reject(new Error('nobody reads'))) },
        },
      ),
    );
    expect(error).toMatchObject({ message: 'nobody reads' });
    expect(facts.refusal).toBeUndefined();
  });
});

describe('a damaged repository', () => {
  it('is told on bands 2 and 3, and without bands by breaking off', async () => {
    await using folder = await makeTemporaryFolder();
    const repository = await makeRepository(join(folder.path, 'source'), { commits: 4 });
    const commit = await repository.git('cat-file', 'commit', 'main');
    const missing = '12'.repeat(20);
    await writeFile(join(folder.path, 'broken'), commit.replace(/^tree \w+/, `tree ${missing}`));
    const broken = await repository.git('hash-object', '-w', '-t', 'commit', join(folder.path, 'broken'));
    const run = (lines: readonly string[]): Promise<Awaited<ReturnType<typeof runOurs>>> =>
      withRepository(repository.path, (opened) =>
        runOurs(opened, { mode: 'answer', gitProtocol: '', input: packets(lines) }),
      );
    await repository.updateRef('refs/heads/broken', broken);
    const banded = await run([`want ${broken} side-band-64k`, '0000', 'done']);
    const { error, messages, lines } = readUploadOutput(banded.output);
    expect(banded.failure).toBeUndefined();
    expect(error).toBe('aborting due to possible repository corruption on the remote side.');
    expect(messages).toMatch(new RegExp(`fatal: .*${missing}\\n$`));
    expect(lines).toEqual(['NAK\n']);
    expect(banded.facts.refusal).toContain('aborting due to possible repository corruption');
    const bare = await run([`want ${broken}`, '0000', 'done']);
    expect(bare.error).toMatchObject({ code: 'GM_CORRUPT' });
  });
});
