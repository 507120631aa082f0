import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { PackCache } from '../../src/packing/pack-cache.ts';
import type { DeltaSearcher } from '../../src/packing/delta-searcher.ts';
import { makeRepository } from '../repositories/make-repository.ts';
import type { Repository } from '../repositories/repository.ts';
import { makeTemporaryFolder, type TemporaryFolder } from '../repositories/temporary-folder.ts';
import { runOurs, type OurResult } from './both-services.ts';
import { v0Request, v2Request } from './compare.ts';
import { withRepository } from './open-repository.ts';
import { readUploadOutput } from './read-output.ts';
import type { UploadExchange } from '../../src/upload/upload-exchange.ts';

describe('delivering packs', () => {
  let folder: TemporaryFolder;
  let repository: Repository;
  let main = '';

  beforeAll(async () => {
    folder = await makeTemporaryFolder();
    repository = await makeRepository(join(folder.path, 'source'), { commits: 6 });
    main = await repository.resolve('main');
  });
  afterAll(() => folder[Symbol.asyncDispose]());

  const fetch = (args: readonly string[], options: Partial<UploadExchange> = {}): Promise<OurResult> =>
    withRepository(repository.path, (opened) => runOurs(opened, v2Request('fetch', args), options));

  it('keeps the connection alive while a pack is being prepared', async () => {
    await repository.configure('uploadpack.keepAlive', '1');
    // Objects need a delta search when they do not lie in one pack.
    await repository.commit('refs/heads/main');
    const tip = await repository.resolve('main');
    const slow: DeltaSearcher = {
      search: async () => {
        await setTimeout(1700);
        return [];
      },
    };
    const { output } = await fetch([`want ${tip}`, 'done', 'no-progress'], { searcher: slow });
    expect(output.subarray(0, 13 + 5).toString('latin1')).toBe('000dpackfile\n0005\u0001');
    await repository.configure('uploadpack.keepAlive', '0');
    const silent = await fetch([`want ${tip}`, 'done', 'no-progress'], { searcher: slow });
    expect(silent.output.includes('0005\u0001')).toBe(false);
  }, 20_000);

  it('asks the cache for packs of clients that have nothing, by a key that says all that matters', async () => {
    const keys: string[] = [];
    const cache: PackCache = {
      deliver: async (key, sink, signal, build) => {
        keys.push(key);
        return { statistics: await build(sink, signal), outcome: 'miss' };
      },
    };
    const want = `want ${main}`;
    const asked = async (...args: readonly string[]): Promise<string | undefined> => {
      const before = keys.length;
      const { facts, output } = await fetch([...args, 'done'], { cache });
      expect(readUploadOutput(output).pack.length).toBeGreaterThan(0);
      expect(facts.cache).toBe(keys.length > before ? 'miss' : undefined);
      return keys.length > before ? keys.at(-1) : undefined;
    };
    const plain = await asked(want);
    expect(plain).toMatch(/^[0-9a-f]{64}$/);
    expect(await asked(want, want, 'no-progress')).toBe(plain);
    expect(await asked(want, 'ofs-delta')).not.toBe(plain);
    expect(await asked(want, 'deepen 2')).not.toBe(plain);
    expect(await asked(want, `want ${await repository.resolve('main~4')}`)).not.toBe(plain);
    expect(await asked(want, `have ${await repository.resolve('main~4')}`)).toBeUndefined();
    await repository.configure('pack.window', '3');
    expect(await asked(want)).not.toBe(plain);
  });

  it('says what a pack from the cache was', async () => {
    const cache: PackCache = {
      deliver: async (_key, sink) => {
        await sink.write(Buffer.from('PACK…'));
        const counts = { objects: 7, deltas: 2, reused: 5, reusedDeltas: 1, packReused: 0, packsReused: 0 };
        return { statistics: { ...counts, bytes: 8, compressMs: 1, writeMs: 1 }, outcome: 'hit' };
      },
    };
    const { output, facts, phases } = await fetch([`want ${main}`, 'done'], { cache });
    const { messages, pack } = readUploadOutput(output);
    expect(messages).toBe('Total 7 (delta 2), reused 5 (delta 1), pack-reused 0 (from 0)\n');
    expect(pack.toString()).toBe('PACK…');
    expect(facts).toMatchObject({ cache: 'hit', objects: 7, deltas: 2, reused: 5, packBytes: 8 });
    expect(phases).toEqual(['parse', 'stream']);
  });

  it('says nothing of its progress to clients that do not want to know, or cannot hear it', async () => {
    expect(readUploadOutput((await fetch([`want ${main}`, 'done', 'no-progress'])).output).messages).toBe('');
    const run = v0Request([`want ${main}`, '0000', 'done']);
    const { output } = await withRepository(repository.path, (opened) => runOurs(opened, run));
    expect(output.subarray(0, 12).toString('latin1')).toBe('0008NAK\nPACK');
  });
});
