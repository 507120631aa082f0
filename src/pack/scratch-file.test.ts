import type * as fs from 'node:fs';
import { readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import fc from 'fast-check';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { incompressibleBytes } from '../../test/repositories/random-bytes.ts';
import { makeTemporaryFolder } from '../../test/repositories/temporary-folder.ts';
import { ScratchFile } from './scratch-file.ts';

/** What the mocked `writeSync` and `unlinkSync` do; undefined: the real thing. */
const faults = vi.hoisted(() => ({ write: undefined as string | undefined, mostBytes: Infinity, unlink: false }));

vi.mock('node:fs', async (importOriginal) => {
  const real = await importOriginal<typeof fs>();
  return {
    ...real,
    writeSync: (fd: number, bytes: Uint8Array, offset: number, length: number, position: number) => {
      if (faults.write !== undefined) throw Object.assign(new Error('it failed'), { code: faults.write });
      return real.writeSync(fd, bytes, offset, Math.min(length, faults.mostBytes), position);
    },
    unlinkSync: (path: string) => {
      if (faults.unlink) throw Object.assign(new Error('not while it is open'), { code: 'EBUSY' });
      real.unlinkSync(path);
    },
  };
});

afterEach(() => {
  Object.assign(faults, { write: undefined, mostBytes: Infinity, unlink: false });
});

describe('ScratchFile', () => {
  test('gives back at any place what was appended, in memory or not', () => {
    const sizes = fc.array(fc.oneof(fc.nat(300), fc.nat(90_000), fc.constant(300_000)), {
      minLength: 1,
      maxLength: 25,
    });
    fc.assert(
      fc.property(sizes, fc.constantFrom(0, 1000, 1e9), fc.infiniteStream(fc.nat()), (lengths, memoryBytes, noise) => {
        const parts = lengths.map((length, index) => incompressibleBytes(length, index));
        const all = Buffer.concat(parts);
        const file = new ScratchFile({ memoryBytes });
        for (const part of parts) file.append(part);
        expect(file.size).toBe(all.length);
        for (let round = 0; round < 20; round++) {
          const start = noise.next().value % (all.length + 1);
          const length = noise.next().value % (all.length - start + 1);
          expect(Buffer.compare(file.read(start, length), all.subarray(start, start + length))).toBe(0);
        }
        file.close();
      }),
      { numRuns: 60 },
    );
  });

  test('reads what was appended after an earlier read of the same place', () => {
    const file = new ScratchFile({ memoryBytes: 0 });
    file.append(Buffer.alloc(300_000, 1));
    expect(file.read(299_990, 10)[9]).toBe(1);
    file.truncate(299_995);
    file.append(Buffer.alloc(600_000, 2));
    expect([...file.read(299_993, 4)]).toEqual([1, 1, 2, 2]);
    expect(file.size).toBe(899_995);
    file.truncate(10);
    expect(file.size).toBe(10);
    file.append(Buffer.from('x'));
    expect([...file.read(9, 2)]).toEqual([1, 120]);
    file.close();
  });

  test('truncates what is still in memory', () => {
    const file = new ScratchFile();
    file.append(Buffer.from('abcdef'));
    file.truncate(3);
    file.append(Buffer.from('X'));
    expect(Buffer.from(file.read(0, 4)).toString()).toBe('abcX');
    file.truncate(100);
    expect(file.size).toBe(4);
    expect(() => file.read(2, 3)).toThrow(/outside/);
    file.close();
    expect(() => {
      file.append(Buffer.from('x'));
    }).toThrow(/closed/);
  });

  test('has no name while it is used', async () => {
    await using folder = await makeTemporaryFolder();
    const file = new ScratchFile({ dir: folder.path, memoryBytes: 0 });
    file.append(Buffer.alloc(500_000));
    expect(await readdir(folder.path)).toEqual([]);
    expect(file.read(400_000, 10)).toHaveLength(10);
    file.close();
    file.close();
  });

  test('where it cannot lose its name, closing removes it', async () => {
    await using folder = await makeTemporaryFolder();
    faults.unlink = true;
    const file = new ScratchFile({ dir: folder.path, memoryBytes: 0 });
    file.append(Buffer.alloc(500_000));
    expect(await readdir(folder.path)).toHaveLength(1);
    file.close();
    expect(await readdir(folder.path)).toEqual([]);
  });

  test('writes that take only a part are continued', () => {
    faults.mostBytes = 1000;
    const bytes = incompressibleBytes(300_000, 9);
    const file = new ScratchFile({ memoryBytes: 0 });
    file.append(bytes);
    expect(Buffer.compare(file.read(0, bytes.length), bytes)).toBe(0);
    file.close();
  });

  test.each(['ENOSPC', 'EDQUOT', 'EFBIG'])('%s is GM_SYSTEM and says that no space is left, and where', (code) => {
    faults.write = code;
    const file = new ScratchFile({ memoryBytes: 0 });
    expect(() => {
      file.append(Buffer.alloc(500_000));
    }).toThrow(
      expect.objectContaining({
        code: 'GM_SYSTEM',
        message: expect.stringMatching(`${tmpdir()}.*no space left`) as string,
        details: { dir: tmpdir(), systemCode: code },
      }) as Error,
    );
    file.close();
  });

  test('another failure is GM_SYSTEM with its own words', () => {
    faults.write = 'EIO';
    const file = new ScratchFile({ memoryBytes: 0 });
    expect(() => {
      file.append(Buffer.alloc(500_000));
    }).toThrow(/it failed/);
    file.close();
    const nowhere = new ScratchFile({ dir: '/nowhere/at/all', memoryBytes: 0 });
    expect(() => {
      nowhere.append(Buffer.alloc(500_000));
    }).toThrow(expect.objectContaining({ code: 'GM_SYSTEM' }) as Error);
    nowhere.close();
  });
});
