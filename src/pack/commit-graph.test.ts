import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { borrowed, commitContent, makePack, nameOf } from '../../test/packs/make-pack.ts';
import { makeRichRepository } from '../../test/packs/rich-repository.ts';
import type { Repository } from '../../test/repositories/repository.ts';
import { runGit, runGitForBytes } from '../../test/repositories/run-git.ts';
import { makeTemporaryFolder, type TemporaryFolder } from '../../test/repositories/temporary-folder.ts';
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
