import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { onEach, twinArenas, type Arena } from '../../test/kernels/arena.ts';
import { packOfDelta } from '../../test/kernels/delta-pack.ts';
import { makeTemporaryFolder } from '../../test/repositories/temporary-folder.ts';
import { runGit, runGitForBytes } from '../../test/repositories/run-git.ts';
import { deltaIndexShape } from './delta-index.ts';

const arenas = twinArenas(16 * 1024 * 1024);

/** The delta of both kernels, applied again by both; undefined when there was none. */
function createDelta(source: Uint8Array, target: Uint8Array, maxSize: number): Buffer | undefined {
  return onEach(arenas, (arena) => {
    const { kernel } = arena;
    const sourceAt = arena.place(source);
    const index = arena.room(kernel.deltaIndexBytes(source.length));
    kernel.indexDelta(sourceAt, source.length, index);
    const delta = createFromIndex(arena, { sourceAt, sourceSize: source.length, index }, target, maxSize);
    if (delta === undefined) return undefined;
    const deltaAt = arena.place(delta);
    const result = arena.room(target.length);
    const status = kernel.applyDelta(sourceAt, source.length, deltaAt, delta.length, result, target.length);
    expect(status).toBe(0);
    expect(arena.read(result, target.length).equals(target)).toBe(true);
    return delta;
  });
}

function createFromIndex(
  arena: Arena,
  { sourceAt, sourceSize, index }: { sourceAt: number; sourceSize: number; index: number },
  target: Uint8Array,
  maxSize: number,
): Buffer | undefined {
  const targetAt = arena.place(target);
  const room = arena.room(maxSize);
  const size = arena.kernel.createDelta(sourceAt, sourceSize, index, targetAt, target.length, room, maxSize);
  return size === 0 ? undefined : arena.read(room, size);
}

const fraction = fc.double({ min: 0, max: 1, noNaN: true });
/** A change of a buffer: bytes that take the place of others, or a stretch that is repeated or moved. */
const edit = fc.oneof(
  fc.record({ at: fraction, length: fc.nat(40), insert: fc.uint8Array({ maxLength: 300 }) }),
  fc.record({ at: fraction, length: fc.nat(5000), from: fraction, size: fc.nat(3000) }),
);
type Edit = typeof edit extends fc.Arbitrary<infer Value> ? Value : never;
/** Bytes of which some are repeated. */
const content = fc
  .array(
    fc.oneof(
      fc.nat(3000).map((length) => randomBytes(length)),
      fc.tuple(fc.nat(255), fc.nat(800)).map(([byte, length]) => Buffer.alloc(length, byte)),
      fc.constantFrom('return undefined;\n', 'export function ', '100644 index.ts\0').map((text) => Buffer.from(text)),
    ),
    { maxLength: 30 },
  )
  .map((parts) => Buffer.concat(parts));

function change(bytes: Buffer, edits: readonly Edit[]): Buffer {
  let result = bytes;
  for (const each of edits) {
    const at = Math.floor(each.at * result.length);
    const start = 'from' in each ? Math.floor(each.from * bytes.length) : 0;
    const insert = 'from' in each ? bytes.subarray(start, start + each.size) : each.insert;
    result = Buffer.concat([result.subarray(0, at), insert, result.subarray(at + each.length)]);
  }
  return result;
}

describe('Kernel.createDelta', () => {
  test('makes the target out of the source, for any two buffers', () => {
    fc.assert(
      fc.property(content, content, (source, target) => {
        expect(createDelta(source, target, target.length * 2 + 100)).toBeDefined();
      }),
      { numRuns: 200 },
    );
  });

  test('a buffer that was edited gives a delta of about the size of the edits', () => {
    fc.assert(
      fc.property(content, fc.array(edit, { maxLength: 6 }), (source, edits) => {
        const target = change(source, edits);
        const delta = createDelta(source, target, target.length + 100);
        expect(delta).toBeDefined();
        const inserted = edits.reduce((sum, each) => sum + ('insert' in each ? each.insert.length : 0), 0);
        // Around each edit the ends of what is left may be too short to be found.
        expect(delta?.length).toBeLessThanOrEqual(
          40 + inserted + edits.length * 140 + 2 * Math.ceil(target.length / 0x10000) * 7,
        );
      }),
      { numRuns: 300 },
    );
  });

  test('never writes more than it may, and gives up rather', () => {
    fc.assert(
      fc.property(content, fc.array(edit, { maxLength: 4 }), (source, edits) => {
        const target = change(source, edits);
        const whole = createDelta(source, target, target.length * 2 + 100);
        const size = whole?.length ?? 0;
        expect(createDelta(source, target, size)).toEqual(whole);
        for (const less of [size - 1, size - 2, Math.floor(size / 2), 3, 1, 0]) {
          if (less < size) expect(createDelta(source, target, Math.max(0, less))).toBeUndefined();
        }
      }),
      { numRuns: 150 },
    );
  });

  test('copies of more than 64 KiB, and from beyond 64 KiB and 16 MiB', () => {
    const source = randomBytes(300_000);
    const target = Buffer.concat([source.subarray(70_000), source.subarray(0, 0x10000), source]);
    const delta = createDelta(source, target, 1000);
    expect(delta?.length).toBeLessThan(90);
  });

  test('a source of one byte over and over', () => {
    const source = Buffer.alloc(1_000_000, 7);
    expect(createDelta(source, Buffer.alloc(900_000, 7), 200)).toBeDefined();
    expect(createDelta(source, Buffer.concat([randomBytes(50), Buffer.alloc(900_000, 7)]), 300)).toBeDefined();
  });

  test('nothing to build on, and nothing to make', () => {
    expect(createDelta(Buffer.alloc(0), Buffer.from('all of it'), 100)).toHaveLength(12);
    expect(createDelta(Buffer.from('all of it'), Buffer.alloc(0), 100)).toHaveLength(2);
  });

  test('git takes the deltas, in a pack of its own making', async () => {
    await using folder = await makeTemporaryFolder();
    await runGit(['init', '-q', '--bare', folder.path]);
    const source = Buffer.concat([Buffer.alloc(70_000, 'some words and '), randomBytes(90_000)]);
    const target = Buffer.concat([randomBytes(200), source.subarray(100), source.subarray(0, 80_000)]);
    const delta = createDelta(source, target, 10_000);
    if (delta === undefined) throw new Error('There is no delta.');
    await runGit(['index-pack', '--stdin', '--strict'], { cwd: folder.path, input: packOfDelta(source, delta) });
    const oid = await runGit(['hash-object', '--stdin'], { cwd: folder.path, input: target });
    const read = await runGitForBytes(['cat-file', 'blob', oid], { cwd: folder.path });
    expect(read.equals(target)).toBe(true);
  });
});

describe('deltaIndexShape', () => {
  test('large sources have larger blocks, so that the index stays within 40 MB', () => {
    const { kernel } = arenas[0] ?? { kernel: undefined };
    for (const size of [0, 1, 15, 16, 1000, 2 ** 20, 2 ** 25, 2 ** 25 + 16, 2 ** 29]) {
      const { blockBytes, blockCount } = deltaIndexShape(size);
      expect(blockCount * blockBytes).toBeLessThanOrEqual(size);
      expect(kernel?.deltaIndexBytes(size)).toBeLessThan(40_000_000);
    }
    expect(deltaIndexShape(2 ** 25 + 16).blockBytes).toBe(32);
  });
});
