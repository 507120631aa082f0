import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  borrowed,
  commitContent,
  makeDelta,
  makePack,
  nameOf,
  varint,
  type MadeEntry,
} from '../../test/packs/make-pack.ts';
import { makeRichRepository } from '../../test/packs/rich-repository.ts';
import type { Repository } from '../../test/repositories/repository.ts';
import { runGit, runGitForBytes } from '../../test/repositories/run-git.ts';
import { makeTemporaryFolder, type TemporaryFolder } from '../../test/repositories/temporary-folder.ts';
import { GitMirrorError } from '../core/error.ts';
import type { ObjectId } from '../core/object-id.ts';
import { readCommitGraph, type ReadCommitGraphOptions } from './commit-graph-builder.ts';
import type { CommitGraph } from './commit-graph.ts';

const oid = (text: string): ObjectId => text as ObjectId;

function read(pack: Uint8Array, options: Partial<ReadCommitGraphOptions> = {}, step = 4096): Promise<CommitGraph> {
  return readCommitGraph(borrowed(pack, step), { format: 'sha1', ...options });
}

describe.each(['sha1', 'sha256'] as const)('the graph of a %s repository', (format) => {
  let folder: TemporaryFolder;
  let repository: Repository;
  /** Parents of every commit, as git says. */
  let parents: ReadonlyMap<string, readonly string[]>;

  beforeAll(async () => {
    folder = await makeTemporaryFolder();
    repository = await makeRichRepository(folder.path, format);
    const lines = (await repository.git('rev-list', '--all', '--parents')).split('\n');
    parents = new Map(lines.map((line) => line.split(' ')).map(([commit = '', ...rest]) => [commit, rest]));
  });
  afterAll(async () => {
    await folder[Symbol.asyncDispose]();
  });

  const pack = (options: readonly string[], revisions = '--all'): Promise<Buffer> =>
    revisions === '--all'
      ? runGitForBytes(['pack-objects', '--all', '--stdout', '-q', ...options], { cwd: repository.path })
      : runGitForBytes(['pack-objects', '--revs', '--stdout', '-q', ...options], {
          cwd: repository.path,
          input: revisions,
        });

  test.each([
    ['commits only, offsets', ['--filter=tree:0', '--delta-base-offset'], {}],
    ['commits only, names', ['--filter=tree:0'], {}],
    ['deep chains', ['--filter=tree:0', '--no-reuse-delta', '--depth=50', '--window=100'], {}],
    ['through a file', ['--filter=tree:0', '--no-reuse-delta', '--window=100'], { memoryBudgetBytes: 1000 }],
    ['with trees and blobs, offsets', ['--delta-base-offset'], { memoryBudgetBytes: 1000 }],
    ['with trees and blobs, names', ['--no-reuse-delta', '--window=100'], {}],
  ])('%s', async (_name, options, more) => {
    const bytes = await pack(options);
    for (const step of [100_000, 977]) {
      const graph = await read(bytes, { format, spoolDir: folder.path, ...more }, step);
      expect(graph.count).toBe(parents.size);
      for (const [commit, expected] of parents) {
        expect(graph.has(oid(commit))).toBe(true);
        expect(graph.oidAt(graph.indexOf(oid(commit)))).toBe(commit);
        expect(graph.parentsOf(oid(commit))).toEqual(expected);
      }
      for (const tag of ['annotated', 'outer', 'of-tree', 'of-blob']) {
        const name = oid(await repository.resolve(`refs/tags/${tag}`));
        expect(graph.tagTarget(name)).toBe(await repository.git('tag', '-l', '--format=%(object)', tag));
        expect(graph.peel(name)).toBe(await repository.resolve(`refs/tags/${tag}^{}`));
        expect(graph.has(name)).toBe(false);
      }
      expect(graph.tagCount).toBe(4);
    }
  });

  test('answers as git does', async () => {
    const graph = await read(await pack(['--filter=tree:0']), { format });
    const main = oid(await repository.resolve('main'));
    const chain = await repository.git('rev-list', '--first-parent', '--reverse', 'main');
    expect(graph.firstParentChain(main)).toEqual(chain.split('\n'));
    expect(graph.firstParentChain(oid(await repository.resolve('outer')))).toEqual(chain.split('\n'));
    const commits = [...parents.keys()];
    const pairs = Array.from({ length: 60 }, (_, index): [ObjectId, ObjectId] => [
      oid(commits[(index * 31) % commits.length] ?? ''),
      oid(commits[(index * 17 + 5) % commits.length] ?? ''),
    ]);
    const expected = await Promise.all(
      pairs.map(async ([ancestor, descendant]) =>
        repository.git('merge-base', '--is-ancestor', ancestor, descendant).then(
          () => true,
          () => false,
        ),
      ),
    );
    expect(pairs.map(([ancestor, descendant]) => graph.isAncestor(ancestor, descendant))).toEqual(expected);
    expect(graph.areAncestors(pairs)).toEqual(expected);
    expect(new Set(expected).size).toBe(2);
    const times = await repository.git('log', '--all', '--format=%H %ct');
    for (const line of times.split('\n')) {
      const [commit = '', time] = line.split(' ');
      expect(graph.commitTime(graph.indexOf(oid(commit)))).toBe(Number(time));
    }
  });

  test('a part of the history: what is outside is known by name', async () => {
    const boundary = oid(await repository.resolve('main~40'));
    const main = oid(await repository.resolve('main'));
    const graph = await read(await pack(['--filter=tree:0'], `main\n^${boundary}\n`), { format });
    const listed = (await repository.git('rev-list', `${boundary}..main`)).split('\n');
    expect(graph.count).toBe(listed.length);
    expect(graph.has(boundary)).toBe(false);
    expect(graph.isAncestor(boundary, main)).toBe(true);
    expect(graph.areAncestors([[boundary, main]])).toEqual([true]);
    expect(graph.isAncestor(main, boundary)).toBe(false);
    expect(graph.isAncestor(boundary, boundary)).toBe(true);
    const unknown = oid(await repository.resolve('main~60'));
    expect(graph.isAncestor(unknown, main)).toBe(false);
    expect(graph.parentsOf(unknown)).toEqual([]);
    expect(graph.firstParentChain(unknown)).toEqual([]);
    const chain = await repository.git('rev-list', '--first-parent', '--reverse', `${boundary}..main`);
    expect(graph.firstParentChain(main)).toEqual(chain.split('\n'));
    expect(graph.isAncestor(oid('12'.repeat(32)), main)).toBe(false);
  });
});

/** Endless whole numbers. */
const noises = fc.infiniteStream(fc.nat()).map((stream) => (): number => {
  const { value } = stream.next() as { value: number };
  return value;
});

/** Commits of a random history: entry `i` has parents among the entries before it. */
const histories = fc
  .array(fc.array(fc.nat(), { maxLength: 4 }), { minLength: 1, maxLength: 60 })
  .map((lists) => lists.map((list, index) => (index === 0 ? [] : [...new Set(list.map((value) => value % index))])));

function commitsOf(history: readonly (readonly number[])[]): { names: string[]; contents: Buffer[] } {
  const names: string[] = [];
  const contents: Buffer[] = [];
  for (const [index, list] of history.entries()) {
    const content = commitContent(
      list.map((parent) => names[parent] ?? ''),
      `commit ${String(index)}`,
    );
    contents.push(content);
    names.push(nameOf('commit', content));
  }
  return { names, contents };
}

describe('random histories', () => {
  test('ancestry and order, in whatever order the pack has them', async () => {
    await fc.assert(
      fc.asyncProperty(histories, noises, async (history, noise) => {
        const { names, contents } = commitsOf(history);
        const order = contents.map((content) => ({ content, key: noise() })).sort((a, b) => a.key - b.key);
        const graph = await read(makePack(order.map(({ content }) => ({ type: 1, content }))));
        const reach = history.map(() => new Set<number>());
        for (const [index, list] of history.entries()) {
          reach[index]?.add(index);
          for (const parent of list) for (const far of reach[parent] ?? []) reach[index]?.add(far);
        }
        const pairs: [ObjectId, ObjectId][] = [];
        const expected: boolean[] = [];
        for (const [descendant, ancestors] of reach.entries()) {
          for (const ancestor of history.keys()) {
            pairs.push([oid(names[ancestor] ?? ''), oid(names[descendant] ?? '')]);
            expected.push(ancestors.has(ancestor));
          }
        }
        expect(graph.areAncestors(pairs)).toEqual(expected);
        expect(pairs.map(([ancestor, descendant]) => graph.isAncestor(ancestor, descendant))).toEqual(expected);
        const tips = [names.length - 1, noise() % names.length];
        const topo = graph.topoOrder(tips.map((tip) => oid(names[tip] ?? '')));
        expect(topo).toEqual(slowTopoOrder(history, names, tips));
      }),
      { numRuns: 60 },
    );
  });

  test('tips that are not there are passed over', async () => {
    const { names, contents } = commitsOf([[], [0]]);
    const graph = await read(makePack(contents.map((content) => ({ type: 1, content }))));
    expect(graph.topoOrder([oid('ab'.repeat(20)), oid(names[1] ?? '')])).toEqual(names);
    expect(graph.topoOrder([])).toEqual([]);
  });
});

/** The same order, found by looking through everything each time. */
function slowTopoOrder(
  history: readonly (readonly number[])[],
  names: readonly string[],
  tips: readonly number[],
): string[] {
  const reachable = new Set<number>();
  const queue = [...tips];
  for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
    if (reachable.has(next)) continue;
    reachable.add(next);
    queue.push(...(history[next] ?? []));
  }
  const done = new Set<number>();
  const order: string[] = [];
  while (done.size < reachable.size) {
    const ready = [...reachable].filter(
      (commit) => !done.has(commit) && (history[commit] ?? []).every((parent) => done.has(parent)),
    );
    const first = ready.sort((a, b) => ((names[a] ?? '') < (names[b] ?? '') ? -1 : 1))[0] ?? 0;
    done.add(first);
    order.push(names[first] ?? '');
  }
  return order;
}

describe('deltas', () => {
  const base = commitContent([], 'a message that is long enough to be copied');
  const result = Buffer.concat([base.subarray(0, base.length - 4), Buffer.from('moved')]);
  const delta = makeDelta(base.length, base.length - 4, Buffer.from('moved'));
  const baseOid = nameOf('commit', base);
  const resultOid = nameOf('commit', result);
  const last = Buffer.concat([result, Buffer.from('!')]);
  const lastDelta = makeDelta(result.length, result.length, Buffer.from('!'));

  async function has(entries: readonly MadeEntry[], ...names: readonly string[]): Promise<void> {
    for (const memoryBudgetBytes of [100, 1_000_000]) {
      const graph = await read(makePack(entries), { memoryBudgetBytes }, 50);
      expect(names.map((name) => graph.has(oid(name)))).toEqual(names.map(() => true));
      expect(graph.count).toBe(names.length);
    }
  }

  test('REF_DELTA whose base comes later, and a chain upside down', async () => {
    await has(
      [
        { type: 7, content: lastDelta, baseOid: resultOid },
        { type: 7, content: delta, baseOid },
        { type: 1, content: base },
      ],
      baseOid,
      resultOid,
      nameOf('commit', last),
    );
  });

  test('OFS_DELTA on a REF_DELTA that still waits', async () => {
    await has(
      [
        { type: 7, content: delta, baseOid },
        { type: 6, content: lastDelta, baseIndex: 0 },
        { type: 1, content: base },
      ],
      baseOid,
      resultOid,
      nameOf('commit', last),
    );
  });

  test('a commit that is there twice counts once', async () => {
    await has(
      [
        { type: 1, content: base },
        { type: 1, content: base },
        { type: 6, content: delta, baseIndex: 1 },
        { type: 1, content: result },
      ],
      baseOid,
      resultOid,
    );
  });

  test('deltas of blobs and trees are passed over', async () => {
    const blob = Buffer.from('some text of a file');
    const blobDelta = makeDelta(blob.length, 5, Buffer.from('other'));
    await has(
      [
        { type: 3, content: blob },
        { type: 6, content: blobDelta, baseIndex: 0 },
        { type: 6, content: blobDelta, baseIndex: 1 },
        { type: 7, content: blobDelta, baseOid: nameOf('blob', blob) },
        { type: 1, content: base },
      ],
      baseOid,
    );
  });

  test.each([
    ['a base by name that is missing', [{ type: 7, content: delta, baseOid }]],
    [
      'a base by offset that is no entry',
      [
        { type: 1, content: base },
        { type: 6, content: delta, distance: 3 },
      ],
    ],
    ['a base in front of the pack', [{ type: 6, content: delta, distance: 5000 }]],
    [
      'two that wait for each other',
      [
        { type: 7, content: delta, baseOid: resultOid },
        { type: 7, content: delta, baseOid: '12'.repeat(20) },
      ],
    ],
    ['one that waits for itself', [{ type: 7, content: delta, baseOid: resultOid }]],
    [
      'a base of another size',
      [
        { type: 1, content: last },
        { type: 6, content: delta, baseIndex: 0 },
      ],
    ],
    [
      'a result that is no commit',
      [
        { type: 1, content: base },
        { type: 6, content: makeDelta(base.length, 3, Buffer.alloc(1)), baseIndex: 0 },
      ],
    ],
    ['a commit that is none', [{ type: 1, content: Buffer.from('not a commit') }]],
    ['a tag that is none', [{ type: 4, content: Buffer.from('not a tag') }]],
  ] satisfies [string, MadeEntry[]][])('%s is GM_CORRUPT', async (_name, entries) => {
    await expect(read(makePack(entries))).rejects.toMatchObject({ code: 'GM_CORRUPT' });
  });

  test('a chain longer than the bound is GM_CORRUPT', async () => {
    const entries: MadeEntry[] = [{ type: 1, content: base }];
    for (let length = base.length, index = 0; index < 4200; index++) {
      entries.push({ type: 6, content: makeDelta(length, length, Buffer.from('.')), baseIndex: index });
      length++;
    }
    await expect(read(makePack(entries))).rejects.toMatchObject({ code: 'GM_CORRUPT' });
    const graph = await read(makePack(entries.slice(0, 4000)), { memoryBudgetBytes: 100 });
    expect(graph.count).toBe(4000);
  });

  test('bombs are bounded', async () => {
    const large = Buffer.concat([base, Buffer.alloc(60_000_000, 'x')]);
    const copies = Array.from({ length: 5 }, () => [0xf0, 0xff, 0xff, 0xff]).flat();
    const huge = Buffer.from([...varint(large.length), ...varint(5 * 0xffffff), ...copies]);
    await expect(
      read(
        makePack([
          { type: 1, content: large },
          { type: 6, content: huge, baseIndex: 0 },
        ]),
      ),
    ).rejects.toMatchObject({ code: 'GM_LIMIT' });
    // Tiny deltas that each rebuild 60 MB, and are different.
    const many = Array.from({ length: 400 }, (_, index) => ({
      type: 6,
      content: makeDelta(large.length, 16_000_000, Buffer.from(String(index))),
      baseIndex: 0,
    }));
    await expect(read(makePack([{ type: 1, content: large }, ...many]))).rejects.toMatchObject({
      code: 'GM_LIMIT',
      details: { limit: 'expansion' },
    });
  });
});

describe('damage and bounds', () => {
  const { contents } = commitsOf(Array.from({ length: 40 }, (_, index) => (index === 0 ? [] : [index - 1])));
  const pack = makePack([
    ...contents.map((content) => ({ type: 1, content })),
    { type: 6, content: makeDelta(contents[0]?.length ?? 0, 100, Buffer.from('x')), baseIndex: 0 },
  ]);

  test('a flip or a cut anywhere is an error, never a crash', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.nat(pack.length - 1),
        fc.integer({ min: 1, max: 255 }),
        fc.boolean(),
        async (at, mask, isCut) => {
          const damaged = Buffer.from(isCut ? pack.subarray(0, at) : pack);
          if (!isCut) damaged[at] = (damaged[at] ?? 0) ^ mask;
          const error: unknown = await read(damaged, {}, 333).catch((caught: unknown) => caught);
          expect(error).toBeInstanceOf(GitMirrorError);
          expect((error as GitMirrorError).code).toMatch(/^GM_(CORRUPT|PROTOCOL|LIMIT)$/);
        },
      ),
      { numRuns: 400 },
    );
  });

  test('more objects than allowed', async () => {
    await expect(read(pack, { maxObjects: 40 })).rejects.toMatchObject({
      code: 'GM_LIMIT',
      details: { limit: 'maxObjects' },
    });
  });

  test('a stated count makes no room for itself', async () => {
    const lying = makePack([{ type: 1, content: contents[0] ?? Buffer.alloc(0) }], { objectCount: 90_000_000 });
    const before = process.memoryUsage().rss;
    await expect(read(lying)).rejects.toMatchObject({ code: 'GM_CORRUPT' });
    expect(process.memoryUsage().rss - before).toBeLessThan(100_000_000);
  });

  test('an abort is thrown as it is, and releases the stream', async () => {
    const controller = new AbortController();
    const reason = new Error('enough');
    let isReleased = false;
    async function* source(): AsyncGenerator<Uint8Array, void, void> {
      try {
        yield pack.subarray(0, 500);
        controller.abort(reason);
        yield pack.subarray(500);
      } finally {
        isReleased = true;
      }
    }
    await expect(readCommitGraph(source(), { format: 'sha1', signal: controller.signal })).rejects.toBe(reason);
    expect(isReleased).toBe(true);
  });

  test('a folder that is not there is GM_SYSTEM', async () => {
    const reading = read(pack, { spoolDir: '/nowhere/at/all', memoryBudgetBytes: 100 });
    await expect(reading).rejects.toMatchObject({ code: 'GM_SYSTEM' });
  });

  test('progress, and an empty pack', async () => {
    const seen: number[] = [];
    await read(makePack(contents.map((content) => ({ type: 1, content }))), {
      onProgress: (commits) => seen.push(commits),
    });
    expect(seen.at(-1)).toBe(40);
    const empty = await read(makePack([]));
    expect(empty.count).toBe(0);
    expect(empty.topoOrder([])).toEqual([]);
  });
});

describe('deep and wide histories', () => {
  test('100,000 commits in one line, and 5,000 parents', async () => {
    await using folder = await makeTemporaryFolder();
    await runGit(['init', '-q', '--bare', folder.path]);
    const who = 'A U Thor <author@example.com> 1700000000 +0000';
    const parts: string[] = [];
    const count = 100_000;
    for (let number = 1; number <= count; number++) {
      parts.push(`commit refs/heads/main\nmark :${String(number)}\ncommitter ${who}\ndata 1\nx\n`);
    }
    const merges = Array.from({ length: 5000 }, (_, index) => `merge :${String(index + 1)}\n`).join('');
    parts.push(`commit refs/heads/wide\ncommitter ${who}\ndata 1\nx\nfrom :${String(count)}\n${merges}\n`);
    const fastImport = ['-c', 'pack.writeReverseIndex=false', 'fast-import', '--quiet'];
    execFileSync('git', fastImport, {
      cwd: folder.path,
      input: parts.join('\n'),
      stdio: ['pipe', 'ignore', 'inherit'],
    });
    const options = ['pack-objects', '--all', '--stdout', '-q', '--filter=tree:0', '--window=0'];
    const graph = await read(await runGitForBytes(options, { cwd: folder.path }), {}, 65_536);
    const tip = oid(await runGit(['rev-parse', 'main'], { cwd: folder.path }));
    const wide = oid(await runGit(['rev-parse', 'wide'], { cwd: folder.path }));
    const chain = graph.firstParentChain(tip);
    expect(chain).toHaveLength(count);
    expect(graph.topoOrder([tip])).toEqual(chain);
    expect(graph.parentsOf(wide)).toHaveLength(5001);
    expect(graph.isAncestor(chain[0] ?? tip, wide)).toBe(true);
    expect(graph.isAncestor(wide, tip)).toBe(false);
    const pairs = chain.filter((_, index) => index % 1000 === 0).map((commit): [ObjectId, ObjectId] => [commit, tip]);
    expect(graph.areAncestors(pairs).every(Boolean)).toBe(true);
  });
});
