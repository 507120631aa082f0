import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import type { RepositoryShape } from '../repositories/make-repository.ts';
import { compareRefs, expectConnected, expectSound } from '../repositories/check-repository.ts';
import { incompressibleBytes } from '../repositories/random-bytes.ts';
import { runGit } from '../repositories/run-git.ts';
import { startApache } from '../servers/apache.ts';
import { openStage, type Stage } from './stage.ts';
import { startStaticFiles, type StaticFiles } from './static-files.ts';

interface DumbStage {
  readonly stage: Stage;
  readonly files: StaticFiles;
  /** Source, target and a folder for temporary stores. */
  readonly request: {
    readonly source: { readonly url: string };
    readonly target: { readonly url: string };
    readonly advanced: { readonly temporaryDirectory: string };
  };
  readonly temporary: string;
}

/** A stage whose source is served as plain files. */
async function openDumbStage(source: RepositoryShape, stack: AsyncDisposableStack): Promise<DumbStage> {
  const stage = stack.use(await openStage({ source }));
  await stage.source.git('update-server-info');
  const files = await startStaticFiles(stage.folder);
  stage.defer(() => files.close());
  const temporary = join(stage.folder, 'temporary');
  await mkdir(temporary);
  const request = {
    source: { url: `${files.url}/source.git` },
    target: { url: stage.targetUrl },
    advanced: { temporaryDirectory: temporary },
  };
  return { stage, files, request, temporary };
}

async function expectDone({ stage, temporary }: DumbStage): Promise<void> {
  await compareRefs(stage.source, stage.target);
  await expectSound(stage.target);
  expect(await readdir(temporary)).toEqual([]);
}

const shape = { commits: 12, mergeEvery: 4, branches: 2, tags: 2, fileBytes: 3000 } as const;
const policy = { includeTags: true } as const;

describe('R6 materialized', () => {
  test.each(['info/alternates', 'info/http-alternates'])('R6 materialized: objects borrowed by %s', async (name) => {
    await using stack = new AsyncDisposableStack();
    const dumb = await openDumbStage(shape, stack);
    const { stage, request, files } = dumb;
    const borrower = join(stage.folder, 'borrower.git');
    await runGit(['clone', '-q', '--mirror', '--shared', stage.source.path, borrower]);
    await runGit(['-C', borrower, 'update-server-info']);
    await writeFile(join(borrower, 'objects', name), '/source.git/objects\n');
    if (name !== 'info/alternates') await rm(join(borrower, 'objects', 'info', 'alternates'));
    const result = await stage.client.sync({ ...request, source: { url: `${files.url}/borrower.git` }, policy });
    expect(result.counts).toMatchObject({ applied: 5 });
    await expectDone(dumb);
  });

  test('R6 materialized: a dumb HTTP source, at first and then what is new', async () => {
    await using stack = new AsyncDisposableStack();
    const dumb = await openDumbStage(shape, stack);
    const { stage, request } = dumb;
    const first = await stage.client.sync({ ...request, policy });
    expect(first.execution).toMatchObject({
      protocol: 'dumb',
      transferMode: 'materialized',
      relay: false,
      sourceHead: 'refs/heads/main',
    });
    expect(first.counts).toMatchObject({ applied: 5 });
    await expectDone(dumb);

    await stage.source.commit('refs/heads/main');
    await stage.source.git('update-server-info');
    const second = await stage.client.sync({ ...request, policy });
    expect(second.counts).toMatchObject({ applied: 1, skipped: 4, blocked: 0 });
    await expectDone(dumb);

    await stage.source.commit('refs/heads/topic-1', { from: null });
    await stage.source.git('update-server-info');
    expect((await stage.client.sync({ ...request, policy })).counts).toMatchObject({ blocked: 1, applied: 0 });
    await stage.client.sync({ ...request, policy: { ...policy, forceWithLease: true } });
    await expectDone(dumb);
  });

  test.each([
    { what: 'one pack', prepare: ['repack', '-a', '-d', '-q'] },
    { what: 'several packs and loose objects', prepare: ['repack', '-q'] },
    { what: 'packed refs', prepare: ['pack-refs', '--all'] },
  ])('R6 materialized: a dumb source with $what', async ({ prepare }) => {
    await using stack = new AsyncDisposableStack();
    const dumb = await openDumbStage(shape, stack);
    const { stage, request } = dumb;
    for (let number = 0; number < 3; number += 1) {
      await stage.source.commit('refs/heads/main');
      await stage.source.git('repack', '-q');
    }
    await stage.source.commit('refs/heads/main');
    await stage.source.git(...prepare);
    await stage.source.commit('refs/heads/topic-1');
    await stage.source.git('update-server-info');
    await stage.client.sync({ ...request, policy });
    await expectDone(dumb);
  });

  test('R6 materialized: a sha256 dumb source', async () => {
    await using stack = new AsyncDisposableStack();
    const dumb = await openDumbStage({ ...shape, format: 'sha256' }, stack);
    await dumb.stage.client.sync({ ...dumb.request, policy });
    await expectDone(dumb);
  });

  test('R6 materialized: Apache as the dumb source', async () => {
    await using stack = new AsyncDisposableStack();
    const dumb = await openDumbStage(shape, stack);
    const apache = await startApache({ root: dumb.stage.folder });
    dumb.stage.defer(() => apache.close());
    const source = { url: `${apache.url}/files/source.git` };
    const probe = await dumb.stage.client.probe({ source, includeTags: true });
    expect(probe).toMatchObject({ protocol: 'dumb', sourceHead: 'refs/heads/main' });
    expect(new Map(probe.refs.map(({ name, hash }) => [name, hash]))).toEqual(await dumb.stage.source.refs());
    await dumb.stage.client.sync({ ...dumb.request, source, policy });
    await expectDone(dumb);
  });

  test('R6 materialized: a dumb source and a target with a body limit', async () => {
    await using stack = new AsyncDisposableStack();
    const dumb = await openDumbStage({ ...shape, fileBytes: 6000 }, stack);
    const result = await dumb.stage.client.sync({
      ...dumb.request,
      policy,
      advanced: { ...dumb.request.advanced, targetMaxPackBytes: 30_000 },
    });
    expect(result.execution).toMatchObject({ relay: false, protocol: 'dumb' });
    expect(dumb.stage.pushCount).toBeGreaterThan(3);
    await expectDone(dumb);
  });

  test('R6 materialized: replicate says why it cannot', async () => {
    await using stack = new AsyncDisposableStack();
    const { stage, request } = await openDumbStage(shape, stack);
    const failure = stage.client.replicate(request);
    await expect(failure).rejects.toMatchObject({ code: 'GM_NO_RELAY' });
    await expect(failure).rejects.toThrow(/dumb|plain file|file server/i);
    expect(await stage.target.refs()).toEqual(new Map());
  });

  test.each([
    { limit: 'maxObjects', advanced: { materializedMaxObjects: 20 } },
    { limit: 'maxBytes', advanced: { materializedMaxBytes: 10_000 } },
  ])('R6 materialized: bounded by $limit', async ({ limit, advanced }) => {
    await using stack = new AsyncDisposableStack();
    const { stage, request, temporary } = await openDumbStage(shape, stack);
    const failure = stage.client.sync({ ...request, advanced: { ...request.advanced, ...advanced } });
    await expect(failure).rejects.toMatchObject({ code: 'GM_LIMIT', details: { limit } });
    expect(await stage.target.refs()).toEqual(new Map());
    await expectConnected(stage.target);
    expect(await readdir(temporary)).toEqual([]);
  });

  test('R6 materialized: nowhere to put the store', async () => {
    await using stack = new AsyncDisposableStack();
    const { stage, request } = await openDumbStage(shape, stack);
    const temporaryDirectory = join(stage.folder, 'not-there');
    const failure = stage.client.sync({ ...request, advanced: { temporaryDirectory } });
    await expect(failure).rejects.toMatchObject({ code: 'GM_SYSTEM', details: { path: temporaryDirectory } });
  });

  test('R6 materialized: no room left on the disk', async () => {
    await using stack = new AsyncDisposableStack();
    const { stage, request, temporary } = await openDumbStage({ commits: 4, fileBytes: 100_000 }, stack);
    const script = fileURLToPath(new URL('sync-child.ts', import.meta.url));
    // The shell's limit on the size of files, in blocks of 1024 bytes, stands in for a disk that is full.
    const child = spawn(
      'sh',
      ['-c', 'ulimit -f 100; exec "$@"', 'sh', process.execPath, script, JSON.stringify(request)],
      {
        stdio: ['ignore', 'pipe', 'inherit'],
      },
    );
    const output: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => output.push(chunk));
    const [status] = (await once(child, 'close')) as [number | null];
    expect(status).toBe(1);
    expect(JSON.parse(Buffer.concat(output).toString('utf8'))).toMatchObject({ error: { code: 'GM_SYSTEM' } });
    expect(await readdir(temporary)).toEqual([]);
    expect(await stage.target.refs()).toEqual(new Map());
  });

  test('R6 materialized: aborted while files are fetched, nothing is left behind', async () => {
    await using stack = new AsyncDisposableStack();
    const { stage, request, temporary } = await openDumbStage(shape, stack);
    const controller = new AbortController();
    const run = stage.client.sync(request, {
      signal: controller.signal,
      onProgress: (event) => {
        if (event.type === 'phase' && event.phase === 'transfer') controller.abort(new Error('stop now'));
      },
    });
    await expect(run).rejects.toThrow('stop now');
    expect(await readdir(temporary)).toEqual([]);
    expect(await stage.target.refs()).toEqual(new Map());
  });

  test('R6 materialized: parts of one large commit go by way of the same kind of store', async () => {
    await using stage = await openStage({ source: { commits: 2 }, targetFront: { maxPushBytes: 50_000 } });
    const temporary = join(stage.folder, 'temporary');
    await mkdir(temporary);
    const files: Record<string, Buffer> = {};
    for (let number = 0; number < 20; number += 1) {
      files[`large/${String(number)}.bin`] = incompressibleBytes(9000, 300 + number);
    }
    await stage.source.commit('refs/heads/main', { files });
    const result = await stage.client.sync({ ...stage.ends, advanced: { temporaryDirectory: temporary } });
    expect(result.execution.relay).toBe(false);
    await compareRefs(stage.source, stage.target);
    await expectSound(stage.target);
    expect(await readdir(temporary)).toEqual([]);
    const bounded = stage.client.sync({
      ...stage.ends,
      target: { url: (await stage.addTarget('other.git')).url },
      advanced: { targetMaxPackBytes: 50_000, temporaryDirectory: temporary, materializedMaxBytes: 20_000 },
    });
    await expect(bounded).rejects.toMatchObject({ code: 'GM_LIMIT', details: { limit: 'maxBytes' } });
    expect(await readdir(temporary)).toEqual([]);
  });
});
