/**
 * How fast objects are read from disk, and git's own `cat-file` beside it.
 *
 *     node bench/read-objects.ts                      this checkout
 *     node bench/read-objects.ts --repo <repository>  another repository on this machine
 *
 * Figures are processor time, user and system.
 *
 * Measured on git.git (849,014 objects in one pack of 496 MB, 14.1 GB unpacked), Node 24, a core that others used too:
 *
 * | | |
 * |---|---|
 * | open: index, pack | 31 ms |
 * | the order of the entries | 60 to 130 ms |
 * | read every object, in pack order | 15.7 µs an object; 12.0 with 256 MB for bases; `git cat-file` 20.7 |
 * | how an entry is stored, in pack order / at random | 0.4 / 10.5 µs |
 * | type, in pack order / again | 1.5 / 0.03 µs |
 * | a name, by number / raw name / text | 0.35 / 0.05 to 0.3 / 1.1 µs |
 * | a name that is not there | 9 µs |
 */
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { openKernel } from '../src/kernel/open-kernel.ts';
import { RepositoryCache } from '../src/repository/open-repository.ts';
import type { StoredEntry } from '../src/repository/object-database.ts';

const { values } = parseArgs({
  options: {
    repo: { type: 'string', default: join(import.meta.dirname, '..') },
    baseMb: { type: 'string', default: '64' },
  },
});

/** Prints what one of `count` items takes. */
function measure(what: string, count: number, work: () => void): void {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  const each = (user + system) / count;
  const text = count === 1 ? `${(each / 1000).toFixed(1)} ms` : `${each.toFixed(2)} µs each of ${String(count)}`;
  process.stdout.write(`${what.padEnd(40)}${text}\n`);
}

const kernel = openKernel();
const cache = new RepositoryCache({ kernel, env: process.env, baseBytes: Number(values.baseMb) * 1024 * 1024 });
const lease = cache.acquire(values.repo);
const { repository } = lease;
measure('open', 1, () => repository.objects);
const { objects } = repository;
const all = Array.from({ length: objects.packedCount }, (_, number) => number);
const entry: StoredEntry = { pack: 0, offset: 0, dataOffset: 0, end: 0, type: 0, size: 0, baseNumber: -1 };
const [number = 0] = all;
measure('the order of the entries', 1, () => {
  objects.readEntry(number, entry);
});
const places = all.map((each) => {
  objects.readEntry(each, entry);
  return { number: each, pack: entry.pack, offset: entry.offset };
});
places.sort((left, right) => left.pack - right.pack || left.offset - right.offset);
const ordered = places.map((place) => place.number);
const scattered = all.slice(0, 100_000);

let bytes = 0;
measure('read, in pack order', ordered.length, () => {
  for (const each of ordered) bytes += objects.read(each).size;
});
process.stdout.write(`${''.padEnd(40)}${(bytes / 1e6).toFixed(0)} MB\n`);
measure('readEntry, in pack order', ordered.length, () => {
  for (const each of ordered) objects.readEntry(each, entry);
});
measure('readEntry, by name', scattered.length, () => {
  for (const each of scattered) objects.readEntry(each, entry);
});
measure('sizeOf, in pack order', ordered.length, () => {
  for (const each of ordered) objects.sizeOf(each);
});
const oids = scattered.map((each) => objects.oidOf(each));
measure('numberOf', oids.length, () => {
  for (const oid of oids) objects.numberOf(oid);
});
const missing = kernel.memory.allocate(64);
measure('numberOfRaw, missing', 20_000, () => {
  for (let index = 0; index < 20_000; index++) {
    kernel.memory.bytes.set(randomBytes(objects.rawLength), missing);
    objects.numberOfRaw(missing);
  }
});
lease.release();
// The time of a child is known to its shell.
const shell = `time git -C "$1" cat-file --batch-all-objects --unordered --batch >/dev/null`;
const timed = spawnSync('bash', ['-c', shell, 'bash', values.repo], { encoding: 'utf8' });
process.stdout.write(`git cat-file, all objects: ${timed.stderr.trim().split(/\s+/).join(' ')}\n`);
