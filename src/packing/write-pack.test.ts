import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkPack, countsOf, entryTypes, gitCounts, gitPackBytes } from '../../test/packing/check-pack.ts';
import { makePack } from '../../test/packing/make-pack.ts';
import { evolve, makeEvolving, unpackAll } from '../../test/repositories/make-evolving.ts';
import { incompressibleBytes } from '../../test/repositories/random-bytes.ts';
import { Repository } from '../../test/repositories/repository.ts';
import { makeTemporaryFolder, type TemporaryFolder } from '../../test/repositories/temporary-folder.ts';
import { packType } from '../objects/object-type.ts';

let folder: TemporaryFolder;
let serial = 0;

beforeAll(async () => {
  folder = await makeTemporaryFolder();
});
afterAll(async () => {
  await folder[Symbol.asyncDispose]();
});

function newPath(): string {
  return join(folder.path, String(++serial));
}

describe('writePack', () => {
  it.each(['sha1', 'sha256'] as const)('packs loose objects of %s about as small as git does', async (format) => {
    const repository = await makeEvolving(newPath(), 24, format);
    await unpackAll(repository);
    const revisions = { wants: ['refs/heads/main'] };
    const pack = await makePack(repository, revisions);
    await checkPack(newPath(), repository, pack);
    expect(pack.bytes.length).toBeLessThan(1.1 * (await gitPackBytes(repository, revisions)));
    expect(pack.statistics.deltas).toBeGreaterThan(40);
    expect(pack.statistics.reused).toBe(0);
    const counts = await gitCounts(repository, revisions, '--delta-base-offset');
    expect(countsOf(pack).compressing).toBe(counts.compressing);
  });

  it('sends a pack as it lies when it is all of it', async () => {
    const repository = await makeEvolving(newPath(), 20);
    await repository.git('tag', '-a', '-m', 'first', 'v1', 'refs/heads/main');
    await repository.git('-c', 'repack.writeBitmaps=false', 'repack', '-adfq');
    const revisions = { wants: ['refs/heads/main', 'v1'] };
    const pack = await makePack(repository, revisions);
    const directory = join(repository.path, 'objects/pack');
    const [name = ''] = (await readdir(directory)).filter((file) => file.endsWith('.pack'));
    expect(pack.bytes.equals(await readFile(join(directory, name)))).toBe(true);
    expect(countsOf(pack)).toEqual(await gitCounts(repository, revisions, '--delta-base-offset'));
    await checkPack(newPath(), repository, pack);
  });

  it('copies a part of a pack with its distances put right', async () => {
    const repository = await makeEvolving(newPath(), 40);
    await repository.commit('refs/heads/side', { from: await repository.resolve('refs/heads/main~20') });
    await repository.git('-c', 'repack.writeBitmaps=false', 'repack', '-adfq');
    for (const want of ['refs/heads/main~1', 'refs/heads/main~13', 'refs/heads/side']) {
      const revisions = { wants: [want] };
      const pack = await makePack(repository, revisions);
      await checkPack(newPath(), repository, pack);
      expect(pack.bytes.length).toBeLessThan(1.1 * (await gitPackBytes(repository, revisions)));
      const counts = await gitCounts(repository, revisions, '--delta-base-offset');
      expect(countsOf(pack).compressing).toBe(counts.compressing);
      expect(countsOf(pack).total.replace(/delta \d+/, '')).toBe(counts.total.replace(/delta \d+/, ''));
    }
  });

  it('counts like git what it takes from a pack with bitmaps', async () => {
    const repository = await makeEvolving(newPath(), 40);
    await repository.commit('refs/heads/side', { from: await repository.resolve('refs/heads/main~20') });
    await repository.git('repack', '-adbfq');
    await evolve(repository, 41, 43);
    for (const [wants, haves] of [
      [['refs/heads/main~3', 'refs/heads/side'], []],
      [['refs/heads/main'], []],
      [['refs/heads/main~9'], []],
      [['refs/heads/main'], ['refs/heads/main~8']],
    ] as const) {
      const revisions = { wants, haves };
      const thin = haves.length > 0;
      const pack = await makePack(repository, revisions, { thin });
      await checkPack(newPath(), repository, pack, haves);
      const flags = ['--delta-base-offset', ...(thin ? ['--thin'] : [])];
      expect(pack.bytes.length).toBeLessThan(1.1 * (await gitPackBytes(repository, revisions, flags)));
      const [ours, theirs] = [countsOf(pack), await gitCounts(repository, revisions, flags.join(' '))];
      // How many deltas a search finds depends on the order of the bits, which is not that of the listing.
      const withoutFound = (total: string): string => total.replace(/\(delta \d+\), reused/, 'reused');
      expect(withoutFound(ours.total)).toBe(withoutFound(theirs.total));
      expect(ours.compressing).toBe(theirs.compressing);
    }
  });

  it.each(['sha1', 'sha256'] as const)('joins several packs and loose objects of %s', async (format) => {
    const repository = await makeEvolving(newPath(), 10, format);
    for (const end of [20, 30]) {
      await repository.git('repack', '-dq');
      await evolve(repository, end - 9, end);
    }
    const revisions = { wants: ['refs/heads/main'] };
    const pack = await makePack(repository, revisions);
    await checkPack(newPath(), repository, pack);
    expect(pack.bytes.length).toBeLessThan(1.1 * (await gitPackBytes(repository, revisions)));
    expect(pack.statistics.reused).toBeGreaterThan(20);
    const counts = await gitCounts(repository, revisions, '--delta-base-offset');
    expect(countsOf(pack).compressing).toBe(counts.compressing);
  });

  it.each(['loose', 'packed', 'mixed'] as const)('makes thin packs on top of what the client has: %s', async (kind) => {
    const repository = await makeEvolving(newPath(), 60);
    if (kind === 'mixed') await repository.git('repack', '-dq');
    await evolve(repository, 61, 66);
    if (kind === 'packed') await repository.git('-c', 'repack.writeBitmaps=false', 'repack', '-adfq');
    else if (kind === 'loose') await unpackAll(repository);
    const revisions = { wants: ['refs/heads/main'], haves: ['refs/heads/main~6'] };
    const pack = await makePack(repository, revisions, { thin: true });
    await checkPack(newPath(), repository, pack, revisions.haves);
    const flags = ['--delta-base-offset', '--thin'];
    expect(pack.bytes.length).toBeLessThan(1.1 * (await gitPackBytes(repository, revisions, flags)));
    const counts = await gitCounts(repository, revisions, flags.join(' '));
    expect(countsOf(pack).compressing).toBe(counts.compressing);
    const whole = await makePack(repository, revisions);
    await checkPack(newPath(), repository, whole, revisions.haves);
    expect(whole.bytes.length).toBeGreaterThan(pack.bytes.length);
  });

  it('names bases for a client that knows no distances', async () => {
    const repository = await makeEvolving(newPath(), 30);
    await repository.git('-c', 'repack.writeBitmaps=false', 'repack', '-adfq');
    await evolve(repository, 31, 33);
    for (const want of ['refs/heads/main', 'refs/heads/main~3', 'refs/heads/main~9']) {
      const revisions = { wants: [want] };
      const pack = await makePack(repository, revisions, { ofsDelta: false });
      await checkPack(newPath(), repository, pack);
      expect(pack.bytes.length).toBeLessThan(1.1 * (await gitPackBytes(repository, revisions, [])));
      expect(entryTypes(pack.bytes)).not.toContain(packType.ofsDelta);
    }
  });

  it('turns names of bases into distances', async () => {
    const repository = await makeEvolving(newPath(), 30);
    await repository.git('-c', 'repack.useDeltaBaseOffset=false', '-c', 'repack.writeBitmaps=false', 'repack', '-adfq');
    for (const want of ['refs/heads/main', 'refs/heads/main~4']) {
      const pack = await makePack(repository, { wants: [want] }, { settings: { allowPackReuse: false } });
      await checkPack(newPath(), repository, pack);
      expect(entryTypes(pack.bytes)).toContain(packType.ofsDelta);
      expect(entryTypes(pack.bytes)).not.toContain(packType.refDelta);
    }
  });

  it('searches no deltas with a window or a depth of 0', async () => {
    const repository = await makeEvolving(newPath(), 8);
    await unpackAll(repository);
    for (const settings of [{ window: 0 }, { depth: 0 }]) {
      const pack = await makePack(repository, { wants: ['refs/heads/main'] }, { settings });
      await checkPack(newPath(), repository, pack);
      expect(pack.statistics.deltas).toBe(0);
      expect(pack.progress.some(({ phase }) => phase === 'compressing')).toBe(false);
    }
  });

  it('keeps within pack.depth when it searches and when it reuses', async () => {
    const repository = await makeEvolving(newPath(), 60);
    for (const isPacked of [true, false]) {
      if (isPacked)
        await repository.git('-c', 'repack.writeBitmaps=false', 'repack', '-adfq', '--depth=200', '--window=100');
      else await unpackAll(repository);
      const pack = await makePack(repository, { wants: ['refs/heads/main'] }, { settings: { depth: 4 } });
      const { depths } = await checkPack(newPath(), repository, pack);
      expect(Math.max(...depths)).toBeLessThanOrEqual(4);
      expect(Math.max(...depths)).toBeGreaterThan(2);
    }
  });

  it('keeps within a small window memory', async () => {
    const repository = await makeEvolving(newPath(), 12);
    await unpackAll(repository);
    const free = await makePack(repository, { wants: ['refs/heads/main'] });
    const bound = await makePack(repository, { wants: ['refs/heads/main'] }, { settings: { windowMemory: 4000 } });
    await checkPack(newPath(), repository, bound);
    expect(bound.statistics.deltas).toBeGreaterThan(0);
    expect(bound.bytes.length).toBeGreaterThan(free.bytes.length);
  });

  it('compares no large files, and deflates them piece by piece', async () => {
    const repository = await Repository.init(newPath());
    const large = incompressibleBytes(3_000_000, 7);
    await repository.commit('refs/heads/main', { files: { 'large.bin': large } });
    await repository.commit('refs/heads/main', { files: { 'large.bin': Buffer.concat([large, Buffer.from('more')]) } });
    await unpackAll(repository);
    const revisions = { wants: ['refs/heads/main'] };
    const compared = await makePack(repository, revisions);
    await checkPack(newPath(), repository, compared);
    expect(compared.bytes.length).toBeLessThan(1.1 * (await gitPackBytes(repository, revisions)));
    const bounded = await makePack(repository, revisions, { settings: { bigFileThreshold: 1_000_000 } });
    await checkPack(newPath(), repository, bounded);
    expect(bounded.bytes.length).toBeGreaterThan(6_000_000);
  });

  it('packs nothing at all', async () => {
    const repository = await makeEvolving(newPath(), 2);
    const revisions = { wants: ['refs/heads/main'], haves: ['refs/heads/main'] };
    const pack = await makePack(repository, revisions);
    await checkPack(newPath(), repository, pack, revisions.haves);
    expect(pack.bytes.length).toBe(32);
  });

  it('stops with the reason when it is told to, and with what the sink fails with', async () => {
    const repository = await makeEvolving(newPath(), 6);
    const stop = new AbortController();
    const reason = new Error('the client has left');
    stop.abort(reason);
    const revisions = { wants: ['refs/heads/main'] };
    await expect(makePack(repository, revisions, { signal: stop.signal })).rejects.toBe(reason);
    const sink = { write: (): Promise<void> => Promise.reject(reason) };
    await expect(makePack(repository, revisions, { sink })).rejects.toBe(reason);
  });
});
