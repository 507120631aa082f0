import { createHash } from 'node:crypto';
import { deflateSync } from 'node:zlib';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makePack, nameOf } from '../../test/packs/make-pack.ts';
import { makeRichRepository } from '../../test/packs/rich-repository.ts';
import type { Repository } from '../../test/repositories/repository.ts';
import { runGitForBytes } from '../../test/repositories/run-git.ts';
import { makeTemporaryFolder, type TemporaryFolder } from '../../test/repositories/temporary-folder.ts';
import { GitMirrorError } from '../core/error.ts';
import type { ObjectFormat } from '../core/object-id.ts';
import { packEvent, PackScanner } from './pack-scanner.ts';

interface Scanned {
  readonly type: number;
  readonly offset: number;
  readonly end: number;
  readonly digest: string;
  readonly compressed: string;
}

const digest = (bytes: Uint8Array): string => createHash('sha1').update(bytes).digest('hex');

/** Reads a pack given in pieces of `step` bytes; entries up to `holdUpTo` bytes are held. */
function scan(bytes: Uint8Array, step: number, holdUpTo: number, format: ObjectFormat = 'sha1'): Scanned[] {
  const scanner = new PackScanner(format);
  const scanned: Scanned[] = [];
  let pieces: Uint8Array[] = [];
  let compressed: Uint8Array[] = [];
  let held = false;
  for (let at = 0; at < bytes.length; at += step) {
    const chunk = new Uint8Array(bytes.subarray(at, at + step));
    scanner.feed(chunk);
    for (let event = scanner.next(); event !== packEvent.needInput; event = scanner.next()) {
      if (event === packEvent.entry) {
        pieces = [];
        compressed = [];
        held = scanner.entry.size <= holdUpTo;
        if (held) scanner.hold(holdUpTo);
        scanner.onCompressed = (part) => compressed.push(new Uint8Array(part));
      } else if (event === packEvent.piece) {
        expect(scanner.content.length).toBeGreaterThan(0);
        pieces.push(new Uint8Array(scanner.content));
      } else if (event === packEvent.entryEnd) {
        if (held) pieces.push(new Uint8Array(scanner.content));
        scanned.push({
          type: scanner.entry.type,
          offset: scanner.entryOffset,
          end: scanner.entryEnd,
          digest: digest(Buffer.concat(pieces)),
          compressed: digest(Buffer.concat(compressed)),
        });
      }
    }
  }
  scanner.finish();
  return scanned;
}

describe.each(['sha1', 'sha256'] as const)('packs of a %s repository', (format) => {
  let folder: TemporaryFolder;
  let repository: Repository;
  beforeAll(async () => {
    folder = await makeTemporaryFolder();
    repository = await makeRichRepository(folder.path, format);
  });
  afterAll(async () => {
    await folder[Symbol.asyncDispose]();
  });

  test.each([['--delta-base-offset'], ['--no-reuse-delta'], ['--depth=50', '--window=50'], ['--compression=0']])(
    'are read the same in any pieces, held or not (%s)',
    async (...options: string[]) => {
      const args = ['pack-objects', '--all', '--stdout', '-q', ...options];
      const pack = await runGitForBytes(args, { cwd: repository.path });
      const whole = scan(pack, pack.length, Infinity, format);
      expect(whole).toHaveLength(pack.readUInt32BE(8));
      expect(whole.at(-1)?.end).toBe(pack.length - (format === 'sha1' ? 20 : 32));
      for (const [index, entry] of whole.entries()) {
        const end = whole[index + 1]?.offset ?? entry.end;
        expect(entry.end).toBe(end);
      }
      for (const [step, holdUpTo] of [
        [65_536, 0],
        [4096, 1000],
        [1009, 0],
        [61, 100_000],
      ] as const) {
        expect(scan(pack, step, holdUpTo, format)).toEqual(whole);
      }
    },
  );
});

describe('damage', () => {
  const contents = [
    Buffer.from('first'),
    Buffer.alloc(300_000, 'abc'),
    Buffer.from(Array.from({ length: 3000 }, (_, index) => digest(Buffer.from(String(index)))).join('')),
  ];
  const pack = makePack(contents.map((content) => ({ type: 3, content })));

  function code(run: () => unknown): string {
    try {
      run();
    } catch (error) {
      if (error instanceof GitMirrorError) return error.code;
      throw error;
    }
    return 'none';
  }

  test('one byte at a time', () => {
    const small = makePack([
      { type: 3, content: Buffer.from('one') },
      { type: 3, content: Buffer.alloc(1000) },
      { type: 7, content: Buffer.from([3, 3, 0x90, 3]), baseOid: nameOf('blob', Buffer.from('one')) },
    ]);
    expect(scan(small, 1, 0)).toEqual(scan(small, small.length, 2000));
  });

  test('a flipped bit anywhere is noticed', () => {
    fc.assert(
      fc.property(fc.nat(pack.length * 8 - 1), fc.boolean(), (bit, isHeld) => {
        const damaged = Buffer.from(pack);
        damaged[bit >> 3] = (damaged[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        expect(code(() => scan(damaged, 5000, isHeld ? 1e6 : 0))).toMatch(/^GM_(CORRUPT|PROTOCOL|LIMIT)$/);
      }),
      { numRuns: 500 },
    );
  });

  test('a cut anywhere is noticed', () => {
    for (let length = 0; length < pack.length; length += 997) {
      expect(code(() => scan(pack.subarray(0, length), 4096, 0))).toBe('GM_CORRUPT');
    }
    expect(code(() => scan(pack.subarray(0, pack.length - 1), 4096, 0))).toBe('GM_CORRUPT');
  });

  test('bytes behind the end are noticed, in the same chunk or the next', () => {
    const more = Buffer.concat([pack, Buffer.from('x')]);
    expect(code(() => scan(more, more.length, 0))).toBe('GM_CORRUPT');
    expect(code(() => scan(more, pack.length, 0))).toBe('GM_CORRUPT');
  });

  test.each([
    ['more than stated', 5, Buffer.alloc(10)],
    ['less than stated', 15, Buffer.alloc(10)],
    ['far more than stated', 5, Buffer.alloc(5_000_000)],
  ])('an entry that inflates to %s', (_name, size, content) => {
    const lying = makePack([{ type: 3, content, size }]);
    expect(code(() => scan(lying, 1000, 0))).toBe('GM_CORRUPT');
    expect(code(() => scan(lying, 1000, 1e9))).toBe('GM_CORRUPT');
  });

  test('a huge stated size makes no room for itself', () => {
    const before = process.memoryUsage().arrayBuffers;
    const lying = makePack([{ type: 3, content: Buffer.alloc(10), size: 2 ** 40 }]);
    expect(code(() => scan(lying, 1000, Infinity))).toBe('GM_CORRUPT');
    expect(code(() => scan(lying, 1000, 0))).toBe('GM_CORRUPT');
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(20_000_000);
    const scanner = new PackScanner('sha1');
    scanner.feed(lying);
    expect([scanner.next(), scanner.next()]).toEqual([packEvent.header, packEvent.entry]);
    expect(
      code(() => {
        scanner.hold(1e6);
      }),
    ).toBe('GM_LIMIT');
  });

  test.each([
    ['a reserved type', [{ type: 5, content: Buffer.alloc(1) }]],
    ['type 0', [{ type: 0, content: Buffer.alloc(1) }]],
    ['a base at distance 0', [{ type: 6, content: Buffer.alloc(1), distance: 0 }]],
    ['bytes that are not compressed', [{ type: 3, content: Buffer.alloc(9), compressed: Buffer.from('plain text') }]],
  ])('%s', (_name, entries) => {
    expect(code(() => scan(makePack(entries), 1000, 0))).toBe('GM_CORRUPT');
  });

  test('numbers without an end', () => {
    const header = makePack([], { objectCount: 1 }).subarray(0, 12);
    const endless = Buffer.concat([header, Buffer.alloc(100, 0xff)]);
    expect(code(() => scan(endless, 10, 0))).toBe('GM_CORRUPT');
    const endlessDistance = Buffer.concat([header, Buffer.from([0x61]), Buffer.alloc(100, 0xff)]);
    expect(code(() => scan(endlessDistance, 10, 0))).toBe('GM_CORRUPT');
  });

  test('fewer or more entries than stated', () => {
    const entries = [{ type: 3, content: Buffer.from('x') }];
    expect(code(() => scan(makePack(entries, { objectCount: 0 }), 1000, 0))).toBe('GM_CORRUPT');
    expect(code(() => scan(makePack(entries, { objectCount: 2 }), 1000, 0))).toBe('GM_CORRUPT');
    expect(code(() => scan(makePack(entries, { objectCount: 0xffffffff }), 1000, 0))).toBe('GM_CORRUPT');
  });

  test('an empty blob, and the last entry in the last bytes', () => {
    const empty = makePack([{ type: 3, content: Buffer.alloc(0) }]);
    expect(scan(empty, 1, 0)).toHaveLength(1);
    expect(scan(empty, 100, 10)[0]?.compressed).toBe(digest(deflateSync(Buffer.alloc(0))));
  });
});
