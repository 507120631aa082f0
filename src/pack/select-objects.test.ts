import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { commitContent, makePack, nameOf } from '../../test/packs/make-pack.ts';
import { makeRichRepository } from '../../test/packs/rich-repository.ts';
import type { Repository } from '../../test/repositories/repository.ts';
import { runGit, runGitForBytes } from '../../test/repositories/run-git.ts';
import { makeTemporaryFolder, type TemporaryFolder } from '../../test/repositories/temporary-folder.ts';
import { streamOf } from '../core/byte-stream.ts';
import type { ObjectFormat, ObjectId } from '../core/object-id.ts';
import { encodeTree } from '../objects/tree.ts';
import { openObjectStore, type ObjectStore } from './object-store.ts';
import { makeListingTree, planPackParts } from './pack-parts.ts';
import { objectsBetween } from './select-objects.ts';
import { writePack } from './write-pack.ts';

const oid = (text: string): ObjectId => text as ObjectId;
let folder: TemporaryFolder;
beforeAll(async () => {
  folder = await makeTemporaryFolder();
});
afterAll(async () => {
  await folder[Symbol.asyncDispose]();
});

const stores: ObjectStore[] = [];
afterAll(async () => {
  for (const store of stores) await store.close();
});
function openStore(format: ObjectFormat = 'sha1'): ObjectStore {
  const store = openObjectStore({ dir: folder.path, format });
  stores.push(store);
  return store;
}

describe.each(['sha1', 'sha256'] as const)('a %s repository', (format) => {
  let repository: Repository;
  let store: ObjectStore;
  beforeAll(async () => {
    repository = await makeRichRepository(`${folder.path}/${format}.git`, format);
    store = openStore(format);
    const options = ['pack-objects', '--all', '--stdout', '-q', '--depth=50', '--window=50'];
    await store.addPack(streamOf(await runGitForBytes(options, { cwd: repository.path })));
  });

  async function resolveAll(names: readonly string[]): Promise<ObjectId[]> {
    return Promise.all(names.map(async (name) => oid(await repository.resolve(name))));
  }
  async function reachable(revisions: readonly string[]): Promise<Set<string>> {
    const text = await repository.git('rev-list', '--objects', '--no-object-names', ...revisions);
    return new Set(text.split('\n').filter((line) => line !== ''));
  }

  test.each([
    [['main'], []],
    [['main', 'side', 'submodule', 'other-root'], []],
    [['main'], ['main~1']],
    [['main'], ['main~50', 'other-root']],
    [['submodule'], ['main']],
    [['outer', 'of-tree', 'of-blob'], ['main~3']],
    [['outer'], ['main']],
    [['main'], ['main']],
    [['main~5'], ['main']],
    [['main:a', 'main:text.txt'], []],
    [['main:a'], ['main~1:a']],
    [['side'], ['main~80', 'annotated']],
  ])('what %j reaches and %j does not', async (wants, haves) => {
    const selected = await objectsBetween(store, { wants: await resolveAll(wants), haves: await resolveAll(haves) });
    expect(new Set(selected).size).toBe(selected.length);
    const all = await reachable(wants);
    const known = haves.length > 0 ? await reachable(haves) : new Set<string>();
    const needed = [...all].filter((name) => !known.has(name));
    const given = new Set<string>(selected);
    expect(needed.filter((name) => !given.has(name))).toEqual([]);
    // Never more than git would send.
    const objectsOfGit = await reachable([...wants, ...haves.map((have) => `^${have}`)]);
    expect(selected.filter((name) => !objectsOfGit.has(name) && !needed.includes(name))).toEqual([]);
  });

  test('commits before what they refer to, each kind inside out', async () => {
    const selected = await objectsBetween(store, { wants: await resolveAll(['submodule', 'outer']) });
    const ranks = selected.map((name) => ['commit', 'tag', 'tree', 'blob'].indexOf(store.typeOf(name) ?? ''));
    expect(ranks).toEqual([...ranks].sort());
    const place = new Map(selected.map((name, index) => [name as string, index]));
    for (const line of (await repository.git('rev-list', '--parents', 'submodule')).split('\n')) {
      const [commit = '', ...parents] = line.split(' ');
      for (const parent of parents) expect(place.get(parent)).toBeLessThan(place.get(commit) ?? -1);
    }
    for (const name of selected.filter((one) => store.typeOf(one) === 'tree')) {
      for (const line of (await repository.git('ls-tree', name)).split('\n').slice(0, 20)) {
        const [, type, inner = ''] = line.split(/[ \t]/);
        if (type === 'tree') expect(place.get(inner)).toBeLessThan(place.get(name) ?? -1);
      }
    }
  });

  test('a store that lacks the past of the haves', async () => {
    const partial = openStore(format);
    const options = ['pack-objects', '--revs', '--stdout', '-q'];
    const pack = await runGitForBytes(options, { cwd: repository.path, input: 'main\n^main~10\n' });
    await partial.addPack(streamOf(pack));
    const wants = await resolveAll(['main']);
    const haves = await resolveAll(['main~10']);
    const missing: unknown = expect.objectContaining({
      code: 'GM_CORRUPT',
      message: expect.stringMatching(/missing/) as string,
    });
    await expect(objectsBetween(partial, { wants, haves })).rejects.toEqual(missing);
    await expect(objectsBetween(partial, { wants })).rejects.toEqual(missing);
    const asked: string[] = [];
    const selected = await objectsBetween(partial, {
      wants,
      haves,
      assumeTargetHas: (name) => {
        asked.push(name);
        return true;
      },
    });
    expect(new Set<string>(selected)).toEqual(await reachable(['main', '^main~10']));
    expect(asked).not.toContain(haves[0]);
    await expect(objectsBetween(partial, { wants: [oid('12'.repeat(format === 'sha1' ? 20 : 32))] })).rejects.toEqual(
      missing,
    );
  });

  test.each([1_000_000, 300_000, 900_000])(
    'parts of up to %i bytes, taken by git one after the other',
    async (maxBytes) => {
      const refs = (await repository.git('for-each-ref', '--format=%(objectname)')).split('\n');
      const oids = await objectsBetween(store, { wants: refs.map((ref) => oid(ref)) });
      if (maxBytes < 700_000) {
        const large = await repository.resolve('main:large.bin');
        await expect(planPackParts(store, oids, maxBytes)).rejects.toMatchObject({
          code: 'GM_LIMIT',
          details: { limit: 'maxPackBytes', oid: large },
        });
        return;
      }
      const parts = await planPackParts(store, oids, maxBytes);
      expect(parts.flatMap((part) => part.oids).sort()).toEqual([...oids].sort());
      if (maxBytes < 1_000_000) expect(parts.length).toBeGreaterThan(1);
      const target = `${folder.path}/parts-${format}-${String(maxBytes)}.git`;
      await runGit(['init', '-q', '--bare', `--object-format=${format}`, target]);
      for (const [index, part] of parts.entries()) {
        const listed = part.oids.map((name) => ({ oid: name, type: store.typeOf(name) ?? 'blob' }));
        const tree = makeListingTree(listed, format);
        expect(await store.addObject('tree', tree.content)).toBe(tree.oid);
        const chunks: Uint8Array[] = [];
        for await (const chunk of writePack(store, [...part.oids, tree.oid], { format })) chunks.push(chunk);
        const bytes = Buffer.concat(chunks);
        expect(bytes.length).toBeLessThanOrEqual(part.packBytes);
        expect(part.packBytes).toBeLessThanOrEqual(maxBytes);
        await runGit(['index-pack', '--strict', '--stdin'], { cwd: target, input: bytes });
        // What the part refers to has come before: the listing tree is whole.
        await runGit(['update-ref', `refs/parts/${String(index)}`, tree.oid], { cwd: target });
        await runGit(['fsck', '--connectivity-only', '--no-dangling'], { cwd: target });
      }
      for (const [index, ref] of refs.entries())
        await runGit(['update-ref', `refs/all/${String(index)}`, ref], { cwd: target });
      await runGit(['fsck', '--full', '--strict', '--no-dangling', '--no-progress'], { cwd: target });
    },
  );
});

describe('damage', () => {
  test('a tree where a blob is meant, and the other way round', async () => {
    const blob = Buffer.from('text');
    const blobOid = oid(nameOf('blob', blob));
    const emptyTree = Buffer.alloc(0);
    const emptyTreeOid = oid(nameOf('tree', emptyTree));
    const asTree = Buffer.from(encodeTree([{ mode: 0o40000, name: Buffer.from('x'), oid: blobOid }]));
    const asBlob = Buffer.from(encodeTree([{ mode: 0o100644, name: Buffer.from('x'), oid: emptyTreeOid }]));
    const store = openStore();
    const contents = [blob, emptyTree, asTree, asBlob];
    await store.addPack(streamOf(makePack(contents.map((content, index) => ({ type: index === 0 ? 3 : 2, content })))));
    for (const tree of [asTree, asBlob]) {
      await expect(objectsBetween(store, { wants: [oid(nameOf('tree', tree))] })).rejects.toMatchObject({
        code: 'GM_CORRUPT',
        message: expect.stringMatching(/where a (blob|tree) is meant/) as string,
      });
    }
  });

  test('trees nested without end are GM_LIMIT', async () => {
    const entries = [{ type: 2, content: Buffer.alloc(0) }];
    let inner = oid(nameOf('tree', Buffer.alloc(0)));
    for (let depth = 0; depth < 2100; depth++) {
      const content = Buffer.from(encodeTree([{ mode: 0o40000, name: Buffer.from('d'), oid: inner }]));
      entries.push({ type: 2, content });
      inner = oid(nameOf('tree', content));
    }
    const store = openStore();
    await store.addPack(streamOf(makePack(entries)));
    await expect(objectsBetween(store, { wants: [inner] })).rejects.toMatchObject({
      code: 'GM_LIMIT',
      details: { limit: 'maxTreeDepth' },
    });
  });

  test('a commit whose tree is missing, and one whose tree is a commit', async () => {
    const commit = commitContent([], 'no tree');
    const odd = Buffer.from(commit.toString().replace(/^tree .*/, `tree ${nameOf('commit', commit)}`));
    const store = openStore();
    await store.addPack(streamOf(makePack([commit, odd].map((content) => ({ type: 1, content })))));
    for (const content of [commit, odd]) {
      await expect(objectsBetween(store, { wants: [oid(nameOf('commit', content))] })).rejects.toMatchObject({
        code: 'GM_CORRUPT',
      });
    }
  });

  test('parts of objects that are missing', async () => {
    await expect(planPackParts(openStore(), [oid('12'.repeat(20))], 1000)).rejects.toMatchObject({
      code: 'GM_CORRUPT',
    });
    expect(await planPackParts(openStore(), [], 1000)).toEqual([]);
  });

  test('an abort is thrown as it is', async () => {
    const store = openStore();
    const contents = Array.from({ length: 30_000 }, (_, index) => Buffer.from(`blob ${String(index)}`));
    await store.addPack(streamOf(makePack(contents.map((content) => ({ type: 3, content })))));
    const controller = new AbortController();
    const reason = new Error('enough');
    const planning = planPackParts(
      store,
      contents.map((content) => oid(nameOf('blob', content))),
      1e9,
      { signal: controller.signal },
    );
    controller.abort(reason);
    await expect(planning).rejects.toBe(reason);
  });
});
