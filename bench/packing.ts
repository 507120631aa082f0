/**
 * How fast packs are made, against `git pack-objects`, and how large they come out.
 *
 *     node bench/packing.ts <bare repository> [<revision> ...]
 *
 * Without revisions everything that refs reach is packed; `^<revision>` is what the client has, for a thin pack. Selecting
 * objects is not measured: both are given what `git rev-list` lists. Only with bitmaps and for thin packs git selects by
 * itself, as it would use neither otherwise: with bitmaps that takes it 40 ms.
 *
 * Measured with Node 24 against git 2.39.5 on two cores that other work kept busy, so the processor time says more than the
 * wall time (ours is the last round, warm):
 *
 * | git.git | processor time, ours / git | bytes, ours / git |
 * |---|---|---|
 * | `master`, 406,057 objects out of a pack of 849,014 | 1.00 / 2.20 s | 306.8 / 306.6 MB |
 * | a whole pack with bitmaps, 407,095 objects | 0.04 / 1.07 s | the same |
 * | `master ^master~100`, thin, no bitmaps; git's with selecting | 0.22 / 0.52 s | 0.88 / 0.93 MB |
 */
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ObjectFormat } from '../src/core/object-id.ts';
import { openKernel } from '../src/kernel/open-kernel.ts';
import { PackCaches } from '../src/pack/packed-object-reader.ts';
import { LocalDeltaSearcher } from '../src/packing/local-delta-searcher.ts';
import { defaultPackSettings } from '../src/packing/pack-settings.ts';
import { writePack } from '../src/packing/write-pack.ts';
import { openObjectDatabase } from '../src/repository/open-object-database.ts';
import { listSelection } from '../test/repositories/list-selection.ts';
import { runGit } from '../test/repositories/run-git.ts';
import { measureProcess } from './measure-process.ts';

const rounds = 3;
const baseCacheBytes = 96 * 1024 * 1024;

const [path, ...revisions] = process.argv.slice(2);
if (path === undefined) throw new Error('usage: node bench/packing.ts <bare repository> [<revision> ...]');

const format = (await runGit(['rev-parse', '--show-object-format'], { cwd: path })) as ObjectFormat;
const named =
  revisions.length > 0
    ? revisions
    : (await runGit(['for-each-ref', '--format=%(objectname)'], { cwd: path })).split('\n');
const wants = named.filter((name) => !name.startsWith('^'));
const haves = named.filter((name) => name.startsWith('^')).map((name) => name.slice(1));
const caches = new PackCaches(openKernel(), baseCacheBytes);
const objects = openObjectDatabase({ objectDirectories: [join(path, 'objects')], format, caches });
const selection = await listSelection(path, objects, { wants, haves });
console.log(`${String(selection.count)} objects, ${String(selection.bases.numbers.length)} bases`);

const folder = await mkdtemp(join(tmpdir(), 'bench-packing-'));
try {
  for (let round = 0; round < rounds; round++) {
    await runOurs();
    await runGitPack();
  }
} finally {
  await rm(folder, { recursive: true });
}

async function runOurs(): Promise<void> {
  const startMs = performance.now();
  const before = process.cpuUsage();
  const statistics = await writePack({
    objects,
    selection,
    settings: defaultPackSettings,
    ofsDelta: true,
    thin: haves.length > 0,
    searcher: new LocalDeltaSearcher(),
    sink: { write: () => undefined },
    signal: new AbortController().signal,
    onProgress: () => undefined,
  });
  const wallMs = performance.now() - startMs;
  const { user, system } = process.cpuUsage(before);
  const parts = `planned and compressed ${ms(statistics.compressMs)}, written ${ms(statistics.writeMs)}`;
  console.log(
    `ours  ${ms(wallMs)} wall, ${ms((user + system) / 1000)} cpu (${parts}), ${String(statistics.bytes)} bytes`,
  );
  const { deltas, reused, reusedDeltas, packReused } = statistics;
  console.log(
    `      delta ${String(deltas)}, reused ${String(reused)} (delta ${String(reusedDeltas)}), pack-reused ${String(packReused)}`,
  );
}

async function runGitPack(): Promise<void> {
  const input = [...wants, ...haves.map((have) => `^${have}`)].join('\n');
  const selectsItself = objects.bitmaps !== undefined || haves.length > 0;
  const revisionsFile = join(folder, 'revisions');
  await writeFile(revisionsFile, `${input}\n`);
  const listFile = join(folder, 'list');
  if (!selectsItself)
    await measureProcess('sh', [
      '-c',
      'git -C "$0" rev-list --objects --stdin <"$1" >"$2"',
      path ?? '',
      revisionsFile,
      listFile,
    ]);
  const flags = [
    '--stdout',
    '--delta-base-offset',
    '--progress',
    ...(haves.length > 0 ? ['--thin'] : []),
    ...(selectsItself ? ['--revs'] : []),
  ];
  const output = join(folder, 'pack');
  const report = join(folder, 'report');
  const script = `exec git -C "$0" pack-objects ${flags.join(' ')} <"$1" >"$2" 2>"$3"`;
  const cost = await measureProcess('sh', [
    '-c',
    script,
    path ?? '',
    selectsItself ? revisionsFile : listFile,
    output,
    report,
  ]);
  console.log(`git   ${ms(cost.wallMs)} wall, ${ms(cost.cpuMs)} cpu, ${String((await stat(output)).size)} bytes`);
  console.log(`      ${/Total .*/.exec(await readFile(report, 'utf8'))?.[0] ?? ''}`);
}

function ms(value: number): string {
  return `${value.toFixed(value < 100 ? 1 : 0)} ms`;
}
