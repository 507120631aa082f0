import { readdir, readFile, rm, writeFile, chmod } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { buildPack } from '../../test/packing/build-pack.ts';
import { checkPack } from '../../test/packing/check-pack.ts';
import { makePack, openObjects } from '../../test/packing/make-pack.ts';
import { makeEvolving } from '../../test/repositories/make-evolving.ts';
import { Repository } from '../../test/repositories/repository.ts';
import { runGit } from '../../test/repositories/run-git.ts';
import { makeTemporaryFolder, type TemporaryFolder } from '../../test/repositories/temporary-folder.ts';
import { isGitMirrorError } from '../core/error.ts';
import { hashObject } from '../objects/hash-object.ts';
import type { StoredEntry } from '../repository/object-database.ts';

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

/** Adds a pack, and leaves the names of its objects to git. */
async function addPack(repository: Repository, pack: Buffer): Promise<string> {
  const answer = await runGit(['index-pack', '--stdin'], { cwd: repository.path, input: pack });
  return join(repository.path, 'objects/pack', `pack-${answer.split('\t')[1] ?? ''}.pack`);
}

function blobOf(content: Buffer): string {
  return hashObject('blob', content, 'sha1');
}

describe('packs that are not as usual', () => {
  it('has chains of thousands copied as they lie, and cut when they may not be', async () => {
    const contents = Array.from({ length: 4600 }, (_, index) =>
      Buffer.from(`${'shared text '.repeat(20)}${String(index)}`),
    );
    const repository = await Repository.init(newPath());
    const built = buildPack(contents.map((content, index) => ({ content, ...(index > 0 ? { base: index - 1 } : {}) })));
    await addPack(repository, built);
    const oids = contents.map(blobOf);
    const some = oids.slice(0, 4000);
    const deep = await makePack(repository, some, { settings: { depth: 4095 } });
    const { depths } = await checkPack(newPath(), repository, deep);
    expect(Math.max(...depths)).toBe(3999);
    const cut = await makePack(repository, some);
    expect(Math.max(...(await checkPack(newPath(), repository, cut)).depths)).toBe(50);
  });

  it('breaks cycles that deltas of two packs form', async () => {
    const [one, other] = [
      Buffer.from('a text that two blobs share, to the end'),
      Buffer.from('a text that two blobs share, and more'),
    ];
    const both = await Repository.init(newPath());
    const [first, second] = [await Repository.init(newPath()), await Repository.init(newPath())];
    const firstPack = buildPack([{ content: one }, { content: other, base: 0 }]);
    const secondPack = buildPack([{ content: other }, { content: one, base: 0 }]);
    for (const repository of [both, first]) await addPack(repository, firstPack);
    for (const repository of [both, second]) await addPack(repository, secondPack);
    const objects = await openObjects(both);
    const databases = [await openObjects(first), await openObjects(second)];
    try {
      const oids = [blobOf(other), blobOf(one)];
      // As if each had been found in the pack in which it is a delta.
      const readEntry = (number: number, entry: StoredEntry): void => {
        const from = databases[oids.indexOf(objects.oidOf(number))];
        if (from === undefined) throw new Error('no such object');
        from.readEntry(from.numberOf(objects.oidOf(number)), entry);
        entry.baseNumber = objects.numberOf(from.oidOf(entry.baseNumber));
        const name = from.packs[0]?.path.slice(-20) ?? '';
        entry.pack = objects.packs.findIndex(({ path }) => path.endsWith(name));
      };
      vi.spyOn(objects, 'readEntry').mockImplementation(readEntry);
      const pack = await makePack(both, oids, { objects });
      expect(pack.statistics).toMatchObject({ deltas: 1, reused: 1, reusedDeltas: 1 });
      await checkPack(newPath(), both, pack);
    } finally {
      for (const database of [objects, ...databases]) database.close();
    }
  });

  it('takes objects that lie in several packs from one of them', async () => {
    const repository = await makeEvolving(newPath(), 20);
    const copy = join(repository.path, 'objects/pack/pack-');
    for (const revisions of ['main', 'main~5', 'main~12']) {
      const flags = [
        'pack-objects',
        '--revs',
        '--delta-base-offset',
        `--window=${String(revisions.length)}`,
        '-q',
        copy.slice(0, -1),
      ];
      await runGit(flags, { cwd: repository.path, input: `${revisions}\n` });
    }
    await repository.git('prune-packed');
    for (const want of ['main', 'main~6']) {
      for (const ofsDelta of [true, false]) {
        const pack = await makePack(repository, { wants: [want] }, { ofsDelta });
        await checkPack(newPath(), repository, pack);
      }
    }
  });

  it('says what is wrong with damaged packs, or sends what clients refuse, and always ends', async () => {
    const repository = await makeEvolving(newPath(), 12);
    await repository.git('-c', 'repack.writeBitmaps=false', 'repack', '-adfq');
    const directory = join(repository.path, 'objects/pack');
    const [name = ''] = (await readdir(directory)).filter((file) => file.endsWith('.pack'));
    const whole = await readFile(join(directory, name));
    const oids = (await repository.git('rev-list', '--objects', 'main~1')).split('\n').map((line) => line.slice(0, 40));
    const damage = fc.tuple(fc.integer({ min: 12, max: whole.length - 21 }), fc.integer({ min: 1, max: 255 }));
    await fc.assert(
      fc.asyncProperty(fc.array(damage, { minLength: 1, maxLength: 30 }), async (changes) => {
        const bytes = Buffer.from(whole);
        for (const [at, bits] of changes) bytes[at] = (bytes[at] ?? 0) ^ bits;
        await rm(join(directory, name), { force: true });
        await writeFile(join(directory, name), bytes);
        await chmod(join(directory, name), 0o644);
        for (const settings of [{}, { depth: 1 }]) {
          try {
            const pack = await makePack(repository, oids, { settings });
            expect(pack.bytes.length).toBeLessThan(3 * whole.length);
          } catch (error) {
            if (!isGitMirrorError(error)) throw error;
            expect(['GM_CORRUPT', 'GM_NOT_FOUND', 'GM_LIMIT']).toContain(error.code);
          }
        }
      }),
      { numRuns: 60 },
    );
  });
});
