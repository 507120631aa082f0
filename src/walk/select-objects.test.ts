import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { FastImport } from '../../test/repositories/fast-import.ts';
import { Repository } from '../../test/repositories/repository.ts';
import { runGit } from '../../test/repositories/run-git.ts';
import { makeTemporaryFolder } from '../../test/repositories/temporary-folder.ts';
import { gitSelection } from '../../test/walk/git-selection.ts';
import { askUploadPack } from '../../test/walk/git-shallow.ts';
import { openWalk, type OpenWalk, type OpenWalkOptions, type WalkQuery } from '../../test/walk/open-walk.ts';
import { makeRandomHistory } from '../../test/walk/random-history.ts';
import { randomQueries } from '../../test/walk/random-queries.ts';
import type { ObjectFilter } from './object-filter.ts';

async function selectedBy(walk: OpenWalk, query: WalkQuery): Promise<string[]> {
  const { numbers, types, nameHashes, count } = await walk.select(query);
  expect([types.length, nameHashes.length, count]).toEqual([numbers.length, numbers.length, numbers.length]);
  for (const [index, number] of numbers.entries()) {
    expect(['', 'commit', 'tree', 'blob', 'tag'][types[index] ?? 0]).toBe(walk.objects.typeOf(number));
  }
  return walk.oids(numbers).sort();
}

async function expectSame(made: Repository, queries: readonly WalkQuery[], options?: OpenWalkOptions): Promise<void> {
  using walk = await openWalk(made, options);
  for (const query of queries) {
    expect(await selectedBy(walk, query), JSON.stringify(query)).toEqual(await gitSelection(made, query));
  }
}

/** Packs all but the newest branches with bitmaps; what only those lead to becomes loose. */
async function packWithBitmaps(made: Repository, keep: number): Promise<void> {
  const refs = await made.refs();
  for (const name of refs.keys()) if (Number(/\d+$/.exec(name)?.[0] ?? 0) > keep) await made.deleteRef(name);
  await made.git('repack', '-Adbq');
  for (const [name, oid] of refs) await made.updateRef(name, oid);
}

describe('random histories and queries, against git pack-objects', () => {
  test.each([1, 2, 3])('one pack, seed %i', async (seed) => {
    await using folder = await makeTemporaryFolder();
    const history = await makeRandomHistory(join(folder.path, 'a.git'), seed);
    await expectSame(history.repository, await randomQueries(history, seed, 10));
  });

  test('without WebAssembly, sha256', async () => {
    await using folder = await makeTemporaryFolder();
    const history = await makeRandomHistory(join(folder.path, 'a.git'), 4, { format: 'sha256' });
    await expectSame(history.repository, await randomQueries(history, 4, 10), { format: 'sha256', kind: 'plain' });
  });

  test('with a commit-graph', async () => {
    await using folder = await makeTemporaryFolder();
    const history = await makeRandomHistory(join(folder.path, 'a.git'), 5);
    await history.repository.git('commit-graph', 'write', '--reachable');
    await expectSame(history.repository, await randomQueries(history, 5, 10));
  });

  test.each([6, 7])('with bitmaps of a pack, and loose objects on top, seed %i', async (seed) => {
    await using folder = await makeTemporaryFolder();
    const history = await makeRandomHistory(join(folder.path, 'a.git'), seed);
    await packWithBitmaps(history.repository, 25);
    await expectSame(history.repository, await randomQueries(history, seed, 12));
  });

  test('with bitmaps of a multi-pack-index', async () => {
    await using folder = await makeTemporaryFolder();
    const history = await makeRandomHistory(join(folder.path, 'a.git'), 8);
    await packWithBitmaps(history.repository, 30);
    await history.repository.git('repack', '-dq');
    await history.repository.git('multi-pack-index', 'write', '--bitmap');
    await expectSame(history.repository, await randomQueries(history, 8, 12));
  });

  test('without the sparse way of marking, and with a narrow window', async () => {
    await using folder = await makeTemporaryFolder();
    const history = await makeRandomHistory(join(folder.path, 'a.git'), 9);
    const queries = (await randomQueries(history, 9, 12)).map((query) => ({ ...query, thin: true }));
    await history.repository.configure('pack.useSparse', 'false');
    await history.repository.configure('pack.window', '1');
    await expectSame(history.repository, queries, { config: { 'pack.usesparse': 'false', 'pack.window': '1' } });
  });

  test('of a shallow repository', async () => {
    await using folder = await makeTemporaryFolder();
    const history = await makeRandomHistory(join(folder.path, 'a.git'), 10);
    await writeFile(join(folder.path, 'a.git', 'shallow'), `${history.commits.slice(5, 9).join('\n')}\n`);
    const queries = await randomQueries(history, 10, 12);
    // Where git-upload-pack names cuts it names its own as well, which the query for git does not.
    const uncut = queries.map((query) => ({ ...query, clientShallow: [], boundary: [], unshallowed: [] }));
    await expectSame(history.repository, uncut);
  });

  test('with grafts', async () => {
    await using folder = await makeTemporaryFolder();
    const { repository, commits, tags } = await makeRandomHistory(join(folder.path, 'a.git'), 11);
    const grafts = [`${commits[20] ?? ''} ${commits[3] ?? ''} ${commits[5] ?? ''}`, commits[10] ?? ''];
    await writeFile(join(folder.path, 'a.git', 'info/grafts'), `${grafts.join('\n')}\n`);
    await expectSame(repository, await randomQueries({ repository, commits, tags }, 11, 12));
  });
});

test('many trees beyond the bitmaps are found as well', async () => {
  await using folder = await makeTemporaryFolder();
  const history = await makeRandomHistory(join(folder.path, 'a.git'), 12, { commits: 20 });
  const made = history.repository;
  await made.git('repack', '-adbq');
  const stream = new FastImport(2_000_000);
  let from = history.commits.at(-1) ?? '';
  for (let number = 0; number < 600; number++) {
    from = stream.commit({ ref: 'refs/heads/b20', from, files: { [`new/${number % 5}/f`]: `${number}` } });
  }
  await made.import(stream);
  const tip = await made.resolve('b20');
  await expectSame(made, [
    { wants: [tip] },
    { wants: [tip], haves: [history.commits[17] ?? ''] },
    { wants: [tip], haves: [await made.resolve('b20~3')], filter: { kind: 'blob:limit', maxBytes: 3 } },
  ]);
});

describe('the order of a selection', () => {
  test('is commits newest first, then tags, then the rest, for a whole clone', async () => {
    await using folder = await makeTemporaryFolder();
    const { repository, commits, tags } = await makeRandomHistory(join(folder.path, 'a.git'), 13);
    using walk = await openWalk(repository);
    const { numbers, types } = await walk.select({ wants: [...commits, ...tags] });
    const ours = walk.oids(numbers);
    const theirs = (await repository.git('rev-list', '--all')).split('\n');
    expect(ours.slice(0, theirs.length)).toEqual(theirs);
    expect(types.indexOf(4)).toBe(theirs.length);
  });

  test('is that of rev-list, paths and all, where a filter looks at depths', async () => {
    await using folder = await makeTemporaryFolder();
    const { repository, commits } = await makeRandomHistory(join(folder.path, 'a.git'), 14);
    using walk = await openWalk(repository);
    const { numbers } = await walk.select({ wants: commits, filter: { kind: 'tree', depth: 2 } });
    const listed = await repository.git('rev-list', '--objects', '--no-object-names', '--filter=tree:2', ...commits);
    expect(walk.oids(numbers)).toEqual(listed.split('\n'));
  });
});

describe('sparse:oid', () => {
  const lines = [
    '/*\n!/*/\n/a/\n',
    'f1\n!a/\n',
    '*\n!f[0-2]\nb/**\n',
    'a/**/f?\n!**/c/\n',
    '/b/c\n# no rule\n\\#f\n!/b/c/d/f1  \n',
    'copy*/**\n!copy1/a\n/[a-b]/f[[:digit:]]\n!f3\n',
    '',
    '**\n!**/f2\n',
    'a**f1\n/b/*\n',
  ];

  test('includes what git includes', async () => {
    await using folder = await makeTemporaryFolder();
    const { repository, commits } = await makeRandomHistory(join(folder.path, 'a.git'), 15);
    const rules: string[] = [];
    for (const text of lines) {
      rules.push(await runGit(['hash-object', '-w', '--stdin'], { cwd: repository.path, input: text }));
    }
    const files = { rules: lines[1] ?? '', 'sub/rules': lines[2] ?? '' };
    const tip = await repository.commit('refs/heads/rules', { from: null, files });
    const names = [...rules, 'rules:rules', 'refs/heads/rules:sub/rules', `${tip}^{tree}:rules`, 'rules^0:rules'];
    const filters = names.map((name): ObjectFilter => ({ kind: 'sparse:oid', rules: name }));
    const sparse = filters[2];
    if (sparse === undefined) throw new Error('no filter');
    const combined: ObjectFilter = { kind: 'combine', filters: [{ kind: 'tree', depth: 3 }, sparse] };
    const haves = commits.slice(10, 12);
    await expectSame(repository, [
      ...filters.map((filter) => ({ wants: commits, filter })),
      { wants: commits, filter: combined },
      { wants: commits, haves, filter: sparse, thin: true },
    ]);
  });

  test.each(['nowhere', 'nowhere:file', 'b1:missing', 'b1~1000', ''])('refuses %j as git does', async (rules) => {
    await using folder = await makeTemporaryFolder();
    const { repository, commits } = await makeRandomHistory(join(folder.path, 'a.git'), 16, { commits: 3 });
    using walk = await openWalk(repository);
    const query: WalkQuery = { wants: commits, filter: { kind: 'sparse:oid', rules } };
    const message = `unable to access sparse blob in '${rules}'`;
    await expect(walk.select(query)).rejects.toMatchObject({ code: 'GM_PROTOCOL', message });
    await expect(gitSelection(repository, query)).rejects.toThrow(message);
  });
});

describe('objects that are missing', () => {
  async function makeHoles(path: string): Promise<{ made: Repository; tip: string; blob: string; tree: string }> {
    const made = await Repository.init(path);
    const tip = await made.commit('refs/heads/main', { files: { 'a/file': 'text\n', other: 'more\n' } });
    return { made, tip, blob: await made.resolve(`${tip}:a/file`), tree: await made.resolve(`${tip}:a`) };
  }

  test('are named: a blob, a tree, a commit', async () => {
    await using folder = await makeTemporaryFolder();
    const { made, tip, blob, tree } = await makeHoles(join(folder.path, 'a.git'));
    for (const lost of [blob, tree]) {
      const file = join(made.path, 'objects', lost.slice(0, 2), lost.slice(2));
      const kept = await runGit(['cat-file', '-t', lost], { cwd: made.path });
      expect(['blob', 'tree']).toContain(kept);
      await rm(file);
      using walk = await openWalk(made);
      await expect(walk.select({ wants: [tip] })).rejects.toMatchObject({ code: 'GM_CORRUPT', details: { oid: lost } });
      await expect(gitSelection(made, { wants: [tip] })).rejects.toThrow(lost);
      // Nobody asks for it here.
      const query: WalkQuery = { wants: [tip], filter: { kind: 'tree', depth: 0 } };
      expect(await selectedBy(walk, query)).toEqual([tip]);
    }
  });

  test('of a partial clone are not fetched, only done without where a filter leaves them out', async () => {
    await using folder = await makeTemporaryFolder();
    const source = await Repository.init(join(folder.path, 'a.git'));
    const tip = await source.commit('refs/heads/main', { files: { 'a/file': 'text\n' } });
    await source.configure('uploadpack.allowFilter', 'true');
    const path = join(folder.path, 'b.git');
    await runGit(['clone', '-q', '--bare', '--filter=blob:none', `file://${source.path}`, path]);
    const partial = new Repository(path);
    const blob = await source.resolve('main:a/file');
    using walk = await openWalk(partial, { isPartial: true });
    await expect(walk.select({ wants: [tip] })).rejects.toMatchObject({ code: 'GM_CORRUPT', details: { oid: blob } });
    const refused = askUploadPack(partial, [`want ${tip}`, 'done']);
    await expect(refused).rejects.toThrow('possible repository corruption');
    for (const filter of [{ kind: 'blob:none' }, { kind: 'tree', depth: 1 }] as const) {
      const expected = await gitSelection(source, { wants: [tip], filter });
      expect(await selectedBy(walk, { wants: [tip], filter })).toEqual(expected);
      await askUploadPack(partial, [
        `want ${tip}`,
        `filter ${filter.kind === 'tree' ? 'tree:1' : filter.kind}`,
        'done',
      ]);
    }
  });
});

test('what the client has is known, and bases are what it has at the same paths', async () => {
  await using folder = await makeTemporaryFolder();
  const made = await Repository.init(join(folder.path, 'a.git'));
  const old = await made.commit('refs/heads/main', { files: { 'a/b/file': 'one\n', 'a/same': 'same\n' } });
  const tip = await made.commit('refs/heads/main', { files: { 'a/b/file': 'two\n' } });
  using walk = await openWalk(made);
  const selection = await walk.select({ wants: [tip], haves: [old], thin: true });
  const named = await Promise.all(['^{tree}', ':a', ':a/b', ':a/b/file'].map((path) => made.resolve(old + path)));
  expect(walk.oids(selection.bases.numbers).sort()).toEqual(named.sort());
  for (const oid of [...named, old]) expect(selection.clientHas(walk.number(oid))).toBe(true);
  expect(selection.clientHas(walk.number(tip))).toBe(false);
});

test('a history of many commits overflows nothing', async () => {
  await using folder = await makeTemporaryFolder();
  const made = await Repository.init(join(folder.path, 'a.git'));
  const stream = new FastImport();
  let from: string | undefined;
  for (let number = 0; number < 20_000; number++) from = stream.commit({ ref: 'refs/heads/main', from, files: {} });
  await made.import(stream);
  const tip = await made.resolve('main');
  const root = await made.resolve('main~19999');
  using walk = await openWalk(made);
  expect((await walk.select({ wants: [tip] })).count).toBe(20_001);
  expect((await walk.select({ wants: [tip], haves: [root], thin: true })).count).toBe(19_999);
  expect((await walk.select({ wants: [root], haves: [tip] })).count).toBe(0);
});

test('a selection ends with the reason of its signal', async () => {
  await using folder = await makeTemporaryFolder();
  const history = await makeRandomHistory(join(folder.path, 'a.git'), 17, { commits: 5 });
  using walk = await openWalk(history.repository);
  const { selectObjects } = await import('./select-objects.ts');
  const request = { wants: history.commits.map((oid) => walk.number(oid)), haves: [], clientShallow: [], boundary: [] };
  const selection = selectObjects(
    walk.repository,
    walk.table,
    { ...request, unshallowed: [], filter: undefined, includeTags: [], thin: false },
    { signal: AbortSignal.abort(new Error('gone')) },
  );
  await expect(selection).rejects.toThrow('gone');
});
