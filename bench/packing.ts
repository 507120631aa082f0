/**
 * How fast packs are made, against `git pack-objects`, and how large they come out.
 *
 *     node bench/packing.ts <bare repository> [<revision> ...]
 *
 * Without revisions everything that refs reach is packed; `^<revision>` is what the client has, for a thin pack. Selecting
 * objects is not part of our time, but of git's: compare what each says of writing. Git is alone in reading its own output
 * through a pipe; ours goes nowhere.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
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

for (let round = 0; round < rounds; round++) {
  await runOurs();
  await runGitPack();
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
  const startMs = performance.now();
  const flags = ['--revs', '--stdout', '--delta-base-offset', '--progress', ...(haves.length > 0 ? ['--thin'] : [])];
  const child = spawn('git', ['pack-objects', ...flags], { cwd: path, stdio: ['pipe', 'pipe', 'pipe'] });
  let bytes = 0;
  let firstByteMs = 0;
  let text = '';
  child.stdout.on('data', (chunk: Buffer) => {
    if (bytes === 0) firstByteMs = performance.now() - startMs;
    bytes += chunk.length;
  });
  child.stderr.on('data', (chunk: Buffer) => {
    text += chunk.toString();
  });
  child.stdin.end(`${[...wants, ...haves.map((have) => `^${have}`)].join('\n')}\n`);
  await once(child, 'close');
  const wallMs = performance.now() - startMs;
  console.log(
    `git   ${ms(wallMs)} wall (selected and compressed ${ms(firstByteMs)}, written ${ms(wallMs - firstByteMs)}), ${String(bytes)} bytes`,
  );
  console.log(`      ${/Total .*/.exec(text)?.[0] ?? text}`);
}

function ms(value: number): string {
  return `${value.toFixed(value < 100 ? 1 : 0)} ms`;
}
