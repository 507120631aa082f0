import { createHash, randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { onEach, twinArenas, type Arena } from '../../test/kernels/arena.ts';
import { encodeDelta, type DeltaInstruction } from '../../test/kernels/encode-delta.ts';
import { placeNames } from '../../test/kernels/name-table.ts';
import { runGit, runGitForBytes } from '../../test/repositories/run-git.ts';
import { makeTemporaryFolder } from '../../test/repositories/temporary-folder.ts';
import { kernelStatus, treeRowWords, unknownNumber, type TreeScan } from './kernel.ts';

const arenas = twinArenas(2 * 1024 * 1024);
const reported = 4;

interface Entry {
  readonly mode: string;
  readonly name: Buffer;
  readonly oid: Buffer;
}

function encodeTree(entries: readonly Entry[]): Buffer {
  return Buffer.concat(
    entries.flatMap(({ mode, name, oid }) => [Buffer.from(`${mode} `), name, Buffer.from([0]), oid]),
  );
}

/** What git computes for a path, in numbers that cannot overflow. */
function nameHash(path: Buffer): number {
  let hash = 0n;
  for (const byte of path) {
    if (byte === 0x20 || byte === 0x09 || byte === 0x0a || byte === 0x0d) continue;
    hash = ((hash >> 2n) + (BigInt(byte) << 24n)) & 0xffff_ffffn;
  }
  return Number(hash);
}

type Row = readonly [number: number, place: number, hash: number];

/** Describes names to a scan, split over tables; numbers are positions in `tables` laid end to end. */
function prepare(arena: Arena, tables: readonly (readonly Buffer[])[], withBlobs: boolean): TreeScan {
  const count = tables.reduce((sum, names) => sum + names.length, 0);
  const scan: TreeScan = {
    rawLength: tables.flat()[0]?.length ?? 20,
    tables: tables.map((names) => placeNames(arena, names)),
    marks: arena.place(Buffer.alloc(count)),
    skipMask: reported | 1,
    setMask: reported,
    withBlobs,
  };
  arena.kernel.prepareScan(scan);
  return scan;
}

function rowsOf(arena: Arena, rows: number, count: number): Row[] | number {
  if (count < 0) return count;
  const { words } = arena.kernel.memory;
  return Array.from({ length: count }, (_, index): Row => {
    const at = rows / 4 + index * treeRowWords;
    return [words[at] ?? 0, words[at + 1] ?? 0, words[at + 2] ?? 0];
  });
}

function numbersOf(rows: Row[] | number): number[] | number {
  return typeof rows === 'number' ? rows : rows.map(([number]) => number);
}

function rowRoom(arena: Arena, size: number, rawLength: number): number {
  return arena.room(4 * treeRowWords * Math.floor(size / (rawLength + 3)));
}

function scan(arena: Arena, { rawLength }: TreeScan, tree: Buffer, parentHash = 0): Row[] | number {
  const treeAt = arena.place(tree);
  const rows = rowRoom(arena, tree.length, rawLength);
  return rowsOf(arena, rows, arena.kernel.scanTree(treeAt, tree.length, parentHash, rows));
}

/** The rows there should be for a tree that is scanned first, all its names being known. */
function expectedRows(entries: readonly Entry[], names: readonly Buffer[], withBlobs: boolean, parent = ''): Row[] {
  const rows: Row[] = [];
  const seen = new Set<number>();
  let offset = 0;
  for (const { mode, name, oid } of entries) {
    const isTree = /^0*40000$/.test(mode);
    const isBlob = /^0*1(00[0-7]{3}|20000)$/.test(mode);
    const number = names.findIndex((each) => each.equals(oid));
    if ((isTree || (isBlob && withBlobs)) && !seen.has(number)) {
      if (number >= 0) seen.add(number);
      const hash = nameHash(Buffer.concat([Buffer.from(parent), name]));
      rows.push([number < 0 ? unknownNumber : number, 2 * offset + (isTree ? 1 : 0), hash]);
    }
    offset += mode.length + name.length + 2 + oid.length;
  }
  return rows;
}

function byBytes(left: Buffer, right: Buffer): number {
  return left.compare(right);
}

const entryName = fc
  .uint8Array({ minLength: 1, maxLength: 40 })
  .map((bytes) => Buffer.from(bytes.map((byte) => (byte === 0 ? 0x20 : byte))));
const mode = fc.constantFrom('40000', '040000', '100644', '100755', '100664', '120000', '160000', '0');

describe.each([20, 32])('Kernel.scanTree with names of %i bytes', (rawLength) => {
  test('reports trees and blobs, each once, with number, place and name hash', () => {
    const oids = Array.from({ length: 40 }, () => randomBytes(rawLength));
    const tables = [oids.slice(0, 10), [], oids.slice(10, 30)].map((names) => names.sort(byBytes));
    const entry = fc.record({ mode, name: entryName, oid: fc.constantFrom(...oids) });
    fc.assert(
      fc.property(fc.array(entry, { maxLength: 30 }), fc.boolean(), (entries, withBlobs) => {
        const rows = onEach(arenas, (arena) => scan(arena, prepare(arena, tables, withBlobs), encodeTree(entries)));
        expect(rows).toEqual(expectedRows(entries, tables.flat(), withBlobs));
      }),
      { numRuns: 300 },
    );
  });

  test('a name in two tables has the number of the first', () => {
    const oid = randomBytes(rawLength);
    const tree = encodeTree([{ mode: '40000', name: Buffer.from('a'), oid }]);
    const rows = onEach(arenas, (arena) =>
      scan(arena, prepare(arena, [[randomBytes(rawLength)], [oid], [oid]], true), tree),
    );
    expect(numbersOf(rows)).toEqual([1]);
  });

  test('more tables than the kernel has room for at first, and then few again', () => {
    const oid = randomBytes(rawLength);
    const tree = encodeTree([{ mode: '40000', name: Buffer.from('a'), oid }]);
    const rows = onEach(arenas, (arena) => {
      const [empty, table] = [placeNames(arena, []), placeNames(arena, [oid])];
      const marks = arena.place(Buffer.alloc(1));
      const masks = { skipMask: 1, setMask: 2, withBlobs: false };
      const tables = [...Array.from({ length: 6000 }, () => empty), table];
      arena.kernel.prepareScan({ rawLength, tables, marks, ...masks });
      const many = scan(arena, { rawLength, tables, marks, ...masks }, tree);
      arena.kernel.prepareScan({ rawLength, tables: [table], marks, ...masks });
      return [numbersOf(many), numbersOf(scan(arena, { rawLength, tables, marks, ...masks }, tree))];
    });
    expect(rows).toEqual([[0], [0]]);
  });

  test('the same tables again, and others in their place', () => {
    const [one, other] = [randomBytes(rawLength), randomBytes(rawLength)];
    const tree = encodeTree([one, other].map((oid, index) => ({ mode: '40000', name: Buffer.from(`${index}`), oid })));
    const numbers = onEach(arenas, (arena) => {
      const first = [placeNames(arena, [one])];
      const rest = { rawLength, marks: arena.place(Buffer.alloc(1)), skipMask: 1, setMask: 2, withBlobs: false };
      arena.kernel.prepareScan({ ...rest, tables: first });
      const found = [numbersOf(scan(arena, { ...rest, tables: first }, tree))];
      arena.kernel.prepareScan({ ...rest, tables: first });
      found.push(numbersOf(scan(arena, { ...rest, tables: first }, tree)));
      arena.kernel.memory.bytes.set(other, first[0]?.names ?? 0);
      const [fanout, second] = [first[0]?.fanout ?? 0, placeNames(arena, [other])];
      arena.kernel.memory.bytes.copyWithin(fanout, second.fanout, second.fanout + 1024);
      arena.kernel.prepareScan({ ...rest, tables: [{ fanout, names: first[0]?.names ?? 0, count: 1 }] });
      found.push(numbersOf(scan(arena, { ...rest, tables: first }, tree)));
      return found;
    });
    expect(numbers).toEqual([
      [0, unknownNumber],
      [0, unknownNumber],
      [unknownNumber, 0],
    ]);
  });

  test('marks that were there are looked at', () => {
    const oids = Array.from({ length: 3 }, () => randomBytes(rawLength)).sort(byBytes);
    const tree = encodeTree(oids.map((oid, index) => ({ mode: '100644', name: Buffer.from(`${index}`), oid })));
    const [rows, marks] = onEach(arenas, (arena) => {
      const prepared = prepare(arena, [oids], true);
      arena.kernel.memory.bytes.set([1, 2, 0], prepared.marks);
      return [scan(arena, prepared, tree), [...arena.read(prepared.marks, 3)]];
    });
    expect(numbersOf(rows)).toEqual([1, 2]);
    expect(marks).toEqual([1, 2 | reported, reported]);
  });

  test('a tree that is cut or mutated is corrupt, or another tree', () => {
    const oids = Array.from({ length: 8 }, () => randomBytes(rawLength)).sort(byBytes);
    const entries = oids.map((oid, index): Entry => ({ mode: '100644', name: Buffer.from(`file ${index}`), oid }));
    const tree = encodeTree(entries);
    for (let length = 1; length < tree.length; length++) {
      const expected = length % (tree.length / 8) === 0 ? length / (tree.length / 8) : kernelStatus.corrupt;
      const rows = onEach(arenas, (arena) => scan(arena, prepare(arena, [oids], true), tree.subarray(0, length)));
      expect(Array.isArray(rows) ? rows.length : rows).toBe(expected);
    }
    fc.assert(
      fc.property(fc.nat(tree.length - 1), fc.nat(255), (at, byte) => {
        const mutated = Buffer.from(tree);
        mutated[at] = byte;
        onEach(arenas, (arena) => scan(arena, prepare(arena, [oids], true), mutated));
      }),
      { numRuns: 500 },
    );
  });
});

test.each(['sha1', 'sha256'])('reads what git mktree makes (%s)', async (format) => {
  await using folder = await makeTemporaryFolder();
  await runGit(['init', '-q', '--bare', `--object-format=${format}`, folder.path]);
  const entries = Array.from({ length: 300 }, (_, index): Entry => {
    const kind = (['40000', '100644', '100755', '120000', '160000'] as const)[index % 5] ?? '40000';
    const name = Buffer.from(`entry-${index} of\tmany${'x'.repeat(index % 40)}`);
    return { mode: kind, name, oid: createHash(format).update(`${index}`).digest() };
  });
  const listing = entries.map(({ mode: bits, name, oid }) => {
    const type = bits === '40000' ? 'tree' : bits === '160000' ? 'commit' : 'blob';
    return `${bits.padStart(6, '0')} ${type} ${oid.toString('hex')}\t${name.toString()}\0`;
  });
  const oid = await runGit(['mktree', '-z', '--missing'], { cwd: folder.path, input: listing.join('') });
  const tree = await runGitForBytes(['cat-file', 'tree', oid], { cwd: folder.path });
  const names = entries.map((entry) => entry.oid).sort(byBytes);
  const parent = 'some/folder/';
  const rows = onEach(arenas, (arena) =>
    scan(arena, prepare(arena, [names], true), tree, nameHash(Buffer.from(parent))),
  );
  if (typeof rows === 'number') throw new Error(`The scan says ${rows}.`);
  const inOrder = [...entries].sort((left, right) => tree.indexOf(left.name) - tree.indexOf(right.name));
  expect(rows).toHaveLength(240);
  expect([...rows].sort()).toEqual(expectedRows(inOrder, names, true, parent).sort());
});

/** Every entry that can be read in `bytes` at any place, whole or not. */
function entriesAnywhere(bytes: Buffer, rawLength: number): Entry[] {
  const entries: Entry[] = [];
  for (let at = 0; at < bytes.length; at++) {
    const header = /^([0-7]+) ([^\0]+)\0/.exec(bytes.toString('latin1', at));
    if (header === null) continue;
    const [whole, bits = '', name = ''] = header;
    const oid = bytes.subarray(at + whole.length, at + whole.length + rawLength);
    if (oid.length === rawLength) entries.push({ mode: bits, name: Buffer.from(name, 'latin1'), oid });
  }
  return entries;
}

/** Scans the base, then the tree in both ways; what is reported, and what is marked afterwards. */
function scanBoth(
  base: Buffer,
  delta: Buffer,
  tree: Buffer,
  names: readonly Buffer[],
  withBlobs: boolean,
): { whole: unknown; byDelta: unknown } {
  return onEach(arenas, (arena) => {
    const whole = prepare(arena, [names], withBlobs);
    scan(arena, whole, base);
    const wholeRows = scan(arena, whole, tree, 77);
    const prepared = prepare(arena, [names], withBlobs);
    scan(arena, prepared, base);
    const [baseAt, deltaAt, treeAt] = [arena.place(base), arena.place(delta), arena.place(tree)];
    const rows = rowRoom(arena, tree.length, prepared.rawLength);
    const count = arena.kernel.scanTreeDelta(baseAt, base.length, deltaAt, delta.length, treeAt, tree.length, 77, rows);
    return {
      whole: { rows: wholeRows, marks: arena.read(whole.marks, names.length) },
      byDelta: { rows: rowsOf(arena, rows, count), marks: arena.read(prepared.marks, names.length) },
    };
  });
}

describe('Kernel.scanTreeDelta', () => {
  test('finds what a scan of the whole tree finds, however copies lie', () => {
    const rawLength = 20;
    /** Names in which entries seem to begin, and names with nothing of the kind. */
    const oid = fc.oneof(
      fc.uint8Array({ minLength: 20, maxLength: 20 }).map((bytes) => Buffer.from(bytes)),
      fc
        .tuple(fc.nat(12), fc.constantFrom('40000 t\0', '100644 b\0', '7 x\0', '40000 ', '1'), fc.nat(255))
        .map(([at, text, byte]) => {
          const bytes = Buffer.alloc(20, byte);
          bytes.write(text, at, 'latin1');
          return bytes;
        }),
    );
    const entry = fc.record({
      mode: fc.constantFrom('40000', '100644'),
      name: fc.constantFrom('a', 'b', 'index.ts', 'a longer name than that.txt').map((name) => Buffer.from(name)),
      oid,
    });
    const cut = fc.record({ length: fc.integer({ min: 1, max: 120 }), copy: fc.nat(9), occurrence: fc.nat(3) });
    const picks = fc.array(
      fc.oneof(
        fc.nat().map((pick) => ({ pick })),
        entry,
      ),
      { minLength: 1, maxLength: 14 },
    );
    let passedOver = 0;
    fc.assert(
      fc.property(
        fc.array(entry, { minLength: 1, maxLength: 12 }),
        picks,
        fc.array(cut, { minLength: 1, maxLength: 30 }),
        fc.boolean(),
        (baseEntries, chosen, cuts, withBlobs) => {
          const base = encodeTree(baseEntries);
          const anywhere = entriesAnywhere(base, rawLength);
          const entries = chosen.map((each) =>
            'pick' in each ? (anywhere[each.pick % anywhere.length] ?? { mode: '', name: base, oid: base }) : each,
          );
          const tree = encodeTree(entries);
          const instructions: DeltaInstruction[] = [];
          for (let at = 0, turn = 0; at < tree.length; turn++) {
            const { length, copy, occurrence } = cuts[turn % cuts.length] ?? { length: 1, copy: 0, occurrence: 0 };
            const piece = tree.subarray(at, at + length);
            let from = base.indexOf(piece);
            for (let skip = 0; skip < occurrence && from >= 0; skip++) {
              const next = base.indexOf(piece, from + 1);
              if (next >= 0) from = next;
            }
            instructions.push(from >= 0 && copy > 0 ? { from, size: piece.length } : { insert: piece });
            at += piece.length;
          }
          const { delta, result } = encodeDelta(base, instructions);
          expect(result.equals(tree)).toBe(true);
          const names = [...baseEntries, ...entries].map((each) => each.oid).sort(byBytes);
          const unique = names.filter((name, index) => names[index - 1]?.equals(name) !== true);
          const { whole, byDelta } = scanBoth(base, delta, tree, unique, withBlobs);
          expect(byDelta).toEqual(whole);
          passedOver++;
        },
      ),
      { numRuns: 3000 },
    );
    expect(passedOver).toBeGreaterThan(1000);
  });

  test('does not look up what was copied whole', () => {
    // Names that are in no table are reported each time they are looked up, so that they show it.
    const entries = Array.from({ length: 100 }, (_, index): Entry => ({
      mode: '40000',
      name: Buffer.from(`folder ${index}`),
      oid: randomBytes(20),
    }));
    const base = encodeTree(entries);
    const changed = entries.map((entry, index) => (index % 10 === 5 ? { ...entry, oid: randomBytes(20) } : entry));
    changed.splice(50, 7);
    const tree = encodeTree(changed);
    const rows = onEach(arenas, (arena) => {
      const { kernel } = arena;
      prepare(arena, [[randomBytes(20)]], true);
      const baseAt = arena.place(base);
      const index = arena.room(kernel.deltaIndexBytes(base.length));
      kernel.indexDelta(baseAt, base.length, index);
      const treeAt = arena.place(tree);
      const deltaAt = arena.room(tree.length);
      const size = kernel.createDelta(baseAt, base.length, index, treeAt, tree.length, deltaAt, tree.length);
      expect(size).toBeGreaterThan(0);
      const rowsAt = rowRoom(arena, tree.length, 20);
      return rowsOf(
        arena,
        rowsAt,
        kernel.scanTreeDelta(baseAt, base.length, deltaAt, size, treeAt, tree.length, 0, rowsAt),
      );
    });
    if (typeof rows === 'number') throw new Error(`The scan says ${rows}.`);
    const looked = rows.map(
      ([, place]) =>
        tree
          .subarray(place >> 1)
          .toString('latin1')
          .split('\0', 1)[0],
    );
    const changedNames = changed
      .filter((entry) => !entries.includes(entry))
      .map(({ name }) => `40000 ${name.toString()}`);
    expect(looked).toEqual(expect.arrayContaining(changedNames));
    // One more where entries were taken out: the copies in front of and behind the gap may both have a part of it.
    expect(looked.length).toBeLessThanOrEqual(changedNames.length + 1);
  });

  test('copies that go back and forth all the time end in time', () => {
    const entries = Array.from({ length: 5000 }, (_, index): Entry => ({
      mode: '100644',
      name: Buffer.from(`${index}`.padStart(5, '0')),
      oid: randomBytes(20),
    }));
    const base = encodeTree(entries);
    const entrySize = base.length / 5000;
    const instructions = Array.from({ length: 4000 }, (_, index): DeltaInstruction => {
      return { from: (index % 2 === 0 ? 4999 - (index >> 1) : index >> 1) * entrySize, size: entrySize };
    });
    const { delta, result } = encodeDelta(base, instructions);
    const names = entries.map((entry) => entry.oid).sort(byBytes);
    const { whole, byDelta } = scanBoth(base, delta, result, names, true);
    expect(byDelta).toEqual(whole);
  });

  test('a delta that does not make the tree is corrupt', () => {
    const tree = encodeTree([{ mode: '40000', name: Buffer.from('a'), oid: randomBytes(20) }]);
    const noise = fc.uint8Array({ maxLength: 30 });
    fc.assert(
      fc.property(noise, (instructions) => {
        onEach(arenas, (arena) => {
          const { rawLength } = prepare(arena, [[randomBytes(20)]], true);
          const [baseAt, deltaAt, treeAt] = [arena.place(tree), arena.place(instructions), arena.place(tree)];
          const rows = rowRoom(arena, tree.length, rawLength);
          const size = instructions.length;
          const count = arena.kernel.scanTreeDelta(baseAt, tree.length, deltaAt, size, treeAt, tree.length, 0, rows);
          expect(count).toBeLessThanOrEqual(1);
          return count;
        });
      }),
      { numRuns: 2000 },
    );
    const cut = encodeDelta(tree, [{ from: 0, size: tree.length - 1 }]).delta;
    const { byDelta } = scanBoth(tree, cut, tree, [randomBytes(20)], true);
    expect(byDelta).toMatchObject({ rows: kernelStatus.corrupt });
  });
});
