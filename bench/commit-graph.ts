/**
 * How fast `readCommitGraph` reads, and how much memory it takes.
 *
 *     node bench/commit-graph.ts                     a made history of 1,000,000 commits
 *     node bench/commit-graph.ts --commits=100000    a smaller one
 *     node bench/commit-graph.ts <repository>        the commits and tags of a repository on this machine
 *     node bench/commit-graph.ts <file>.pack         a pack as it lies
 *
 * The pack is written to a file first; only reading it is measured, in a process of its own and on one core.
 *
 * Measured with Node 24 on two cores that other work kept busy, so the processor time says more than the wall time:
 *
 * | pack | commits/s | by processor time | peak RSS (Node alone, with TypeScript: 88 MiB) |
 * |---|---|---|---|
 * | made, 1,000,000 commits, 186 MB | 79,000 to 157,000 | 157,000 to 170,000 | 226 to 260 MiB |
 * | git.git, 203,352 commits, 84 MB | 64,000 to 91,000 | 83,000 | 155 to 164 MiB |
 * | git.git unfiltered, 849,014 objects, 496 MB | 27,000 | 27,000 | 210 MiB |
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { ObjectId } from '../src/core/object-id.ts';
import { readCommitGraph } from '../src/pack/commit-graph-builder.ts';

const chunkBytes = 64 * 1024;

async function git(
  args: readonly string[],
  cwd: string,
  input?: AsyncIterable<string>,
  output?: string,
): Promise<void> {
  const child = spawn('git', args, { cwd, stdio: [input ? 'pipe' : 'ignore', output ? 'pipe' : 'ignore', 'inherit'] });
  const closed = once(child, 'close');
  const writing = child.stdin && input ? pipeline(input, child.stdin) : undefined;
  const reading = child.stdout && output !== undefined ? pipeline(child.stdout, createWriteStream(output)) : undefined;
  await Promise.all([writing, reading]);
  const [status] = (await closed) as [number | null];
  if (status !== 0) throw new Error(`git ${args.join(' ')} ended with ${String(status)}`);
}

/** A history with a merge in ten commits, two side lines at a time, and messages of different lengths. */
async function* madeHistory(commits: number): AsyncGenerator<string, void, void> {
  let text = '';
  for (let number = 1; number <= commits; number++) {
    const message = `Change number ${String(number)}\n\n${'Why it was made, in some words. '.repeat(number % 8)}\n`;
    const who = `Author ${String(number % 500)} <author-${String(number % 500)}@example.com>`;
    const time = `${String(1_200_000_000 + number * 60)} +0100`;
    text += `commit refs/heads/main\nmark :${String(number)}\nauthor ${who} ${time}\ncommitter ${who} ${time}\n`;
    text += `data ${String(message.length)}\n${message}`;
    if (number > 10) text += `from :${String(number - (number % 10 === 5 ? 3 : 1))}\n`;
    if (number > 10 && number % 10 === 9) text += `merge :${String(number - 5)}\n`;
    text += '\n';
    if (text.length > 1_000_000) {
      yield text;
      text = '';
    }
  }
  yield text;
}

async function packOf(argument: string | undefined, commits: number, folder: string): Promise<string> {
  let repository = argument;
  if (repository === undefined) {
    repository = join(folder, 'made.git');
    console.log(`making ${String(commits)} commits …`);
    await git(['init', '-q', '--bare', repository], folder);
    await git(['fast-import', '--quiet'], repository, madeHistory(commits));
  }
  const pack = join(folder, 'commits.pack');
  const options = ['pack-objects', '--all', '--filter=tree:0', '--stdout', '--delta-base-offset', '-q'];
  await git(options, repository, undefined, pack);
  return pack;
}

function report(name: string, started: number, count: number, what = 'commits'): void {
  const seconds = (performance.now() - started) / 1000;
  const rate = Math.round(count / seconds).toLocaleString('en');
  console.log(`${name.padEnd(34)} ${seconds.toFixed(2).padStart(7)} s  ${rate.padStart(12)} ${what}/s`);
}

async function measure(pack: string): Promise<void> {
  const { size } = await stat(pack);
  const { rss } = process.memoryUsage();
  let started = performance.now();
  const cpu = process.cpuUsage();
  const graph = await readCommitGraph(createReadStream(pack, { highWaterMark: chunkBytes }), { format: 'sha1' });
  console.log(
    `${graph.count.toLocaleString('en')} commits, ${String(graph.tagCount)} tags, ${(size / 1e6).toFixed(1)} MB`,
  );
  report('readCommitGraph', started, graph.count);
  const { user, system } = process.cpuUsage(cpu);
  report('  by processor time', performance.now() - (user + system) / 1000, graph.count);
  reportMemory('before and at most while reading', rss);
  let last = 0;
  for (let index = 0; index < graph.count; index++) if (graph.commitTime(index) > graph.commitTime(last)) last = index;
  started = performance.now();
  const order = graph.topoIndexes([graph.oidAt(last)]);
  report('topoIndexes of the newest commit', started, order.length);
  const newest = graph.oidAt(order.at(-1) ?? 0);
  const ancestors = Array.from({ length: 10_000 }, (_, index) =>
    graph.oidAt(order[index * Math.floor(order.length / 10_000)] ?? 0),
  );
  graph.isAncestor(newest, newest);
  started = performance.now();
  graph.isAncestor(ancestors[0] ?? newest, newest);
  report('isAncestor, root and tip', started, 1, 'calls');
  started = performance.now();
  graph.areAncestors(
    ancestors.map((ancestor, index): [ObjectId, ObjectId] => [ancestor, ancestors[(index * 7919) % 10_000] ?? newest]),
  );
  report('areAncestors, 10,000 random pairs', started, ancestors.length, 'pairs');
  reportMemory('in all', rss);
}

function reportMemory(name: string, before: number): void {
  const peak = process.resourceUsage().maxRSS / 1024;
  console.log(`${`RSS, ${name}`.padEnd(40)} ${(before / 2 ** 20).toFixed(0)} MiB, ${peak.toFixed(0)} MiB`);
}

/** Reads the pack in a process of its own, so that making it does not count. */
async function measureApart(pack: string): Promise<void> {
  const child = spawn(process.execPath, [import.meta.filename, pack], { stdio: 'inherit' });
  const [status] = (await once(child, 'close')) as [number | null];
  if (status !== 0) throw new Error(`the measurement ended with ${String(status)}`);
}

const given = process.argv.slice(2).find((argument) => !argument.startsWith('--'));
const commits = Number(process.argv.find((argument) => argument.startsWith('--commits='))?.slice(10) ?? 1_000_000);
if (given?.endsWith('.pack') === true) {
  await measure(given);
} else {
  const folder = await mkdtemp(join(tmpdir(), 'git-mirror-bench-'));
  try {
    await measureApart(await packOf(given, commits, folder));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
