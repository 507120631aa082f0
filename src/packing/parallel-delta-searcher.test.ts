import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkPack, gitPackBytes } from '../../test/packing/check-pack.ts';
import { makePack, openObjects } from '../../test/packing/make-pack.ts';
import { evolve, makeEvolving } from '../../test/repositories/make-evolving.ts';
import { makeTemporaryFolder, type TemporaryFolder } from '../../test/repositories/temporary-folder.ts';
import { openKernel } from '../kernel/open-kernel.ts';
import { PackCaches } from '../pack/packed-object-reader.ts';
import type { Repository } from '../../test/repositories/repository.ts';
import type { DeltaCandidates } from './delta-searcher.ts';
import { searchSegment, type DeltaSegment } from './delta-segment.ts';
import { ParallelDeltaSearcher, segmentBorders, type SegmentRunner } from './parallel-delta-searcher.ts';

let folder: TemporaryFolder;
let repository: Repository;

beforeAll(async () => {
  folder = await makeTemporaryFolder();
  repository = await makeEvolving(join(folder.path, 'source'), 220);
  await repository.git('-c', 'repack.writeBitmaps=false', 'repack', '-dq', '--window=0');
  await evolve(repository, 221, 500);
});
afterAll(async () => {
  await folder[Symbol.asyncDispose]();
});

describe('ParallelDeltaSearcher', () => {
  it('finds in segments, with other databases, about what one search finds', async () => {
    // Each has a kernel and numbers of its own, as threads have.
    const others = await Promise.all(
      [0, 1].map(() => openObjects(repository, new PackCaches(openKernel(), 4 * 1024 * 1024))),
    );
    const segments: DeltaSegment[] = [];
    const runner: SegmentRunner = {
      threads: 2,
      run: async (segment, settings, options) => {
        const other = others[segments.push(segment) % others.length];
        if (other === undefined) throw new Error('there is none');
        return structuredClone(await searchSegment(other, structuredClone(segment), settings, options));
      },
    };
    const revisions = { wants: ['refs/heads/main'] };
    const alone = await makePack(repository, revisions);
    const pack = await makePack(repository, revisions, { searcher: new ParallelDeltaSearcher(runner) });
    for (const other of others) other.close();
    expect(segments.length).toBeGreaterThan(4);
    await checkPack(join(folder.path, 'client'), repository, pack);
    expect(pack.bytes.length).toBeLessThan(1.05 * alone.bytes.length);
    expect(pack.bytes.length).toBeLessThan(1.1 * (await gitPackBytes(repository, revisions)));
    const compressing = pack.progress.filter(({ phase }) => phase === 'compressing');
    expect(compressing.at(-1)?.done).toBe(compressing.at(-1)?.total);
  });

  it('stops all segments when one fails, and says why', async () => {
    const problem = new Error('this thread has ended');
    let stopped = 0;
    let runs = 0;
    const runner: SegmentRunner = {
      threads: 2,
      run: (_segment, _settings, { signal }) => {
        if (runs++ === 0) return Promise.reject(problem);
        return new Promise((_, reject) => {
          signal.addEventListener('abort', () => {
            stopped++;
            reject(new Error('stopped'));
          });
        });
      },
    };
    const searcher = new ParallelDeltaSearcher(runner);
    await expect(makePack(repository, { wants: ['refs/heads/main'] }, { searcher })).rejects.toBe(problem);
    expect(stopped).toBe(runs - 1);
  });
});

describe('segmentBorders', () => {
  function candidatesOf(names: readonly number[], size: number): DeltaCandidates {
    const count = names.length;
    return {
      count,
      numbers: new Uint32Array(count),
      isBase: new Uint8Array(count),
      nameHashes: Uint32Array.from(names),
      sizes: new Float64Array(count).fill(size),
      types: new Uint8Array(count).fill(3),
      depths: new Uint16Array(count),
      packs: new Int32Array(count),
      isWhole: new Uint8Array(count),
    };
  }

  it('cuts where the name changes', () => {
    const names = Array.from({ length: 400 }, (_, index) => 1 + Math.floor(index / 30));
    const borders = segmentBorders(candidatesOf(names, 100), 4, 10);
    expect(borders).toEqual([120, 210, 300, 400]);
    for (const border of borders.slice(0, -1)) expect(names[border]).not.toBe(names[border - 1]);
  });

  it('makes no segment that is smaller than two windows', () => {
    const names = Array.from({ length: 50 }, (_, index) => index);
    expect(segmentBorders(candidatesOf(names, 100), 16, 10)).toEqual([22, 50]);
    expect(segmentBorders(candidatesOf(names.slice(0, 30), 100), 16, 10)).toEqual([30]);
  });
});
