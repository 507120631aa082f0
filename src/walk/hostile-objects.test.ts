import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { Repository } from '../../test/repositories/repository.ts';
import { runGit } from '../../test/repositories/run-git.ts';
import { makeTemporaryFolder } from '../../test/repositories/temporary-folder.ts';
import { openWalk } from '../../test/walk/open-walk.ts';
import { limits } from '../core/limits.ts';

async function write(made: Repository, type: string, content: string | Uint8Array): Promise<string> {
  return runGit(['hash-object', '-w', '-t', type, '--literally', '--stdin'], { cwd: made.path, input: content });
}

function entry(mode: string, name: string, oid: string): Buffer {
  return Buffer.concat([Buffer.from(`${mode} ${name}\0`), Buffer.from(oid, 'hex')]);
}

const who = 'A <a@example.com> 1700000000 +0000';

async function commitOf(made: Repository, tree: string, parents: readonly string[] = []): Promise<string> {
  const lines = [
    `tree ${tree}`,
    ...parents.map((oid) => `parent ${oid}`),
    `author ${who}`,
    `committer ${who}`,
    '',
    'x',
  ];
  return write(made, 'commit', lines.join('\n'));
}

const corrupt = expect.objectContaining({ code: 'GM_CORRUPT' }) as Error;

describe('objects that are not what they are said to be', () => {
  test.each<[string, (made: Repository) => Promise<string>]>([
    [
      'a folder that is a blob',
      async (made) => commitOf(made, await write(made, 'tree', entry('40000', 'a', await write(made, 'blob', 'x')))),
    ],
    ['a tree that is a blob', async (made) => commitOf(made, await write(made, 'blob', 'x'))],
    [
      'a tree that ends early',
      async (made) => commitOf(made, await write(made, 'tree', entry('100644', 'a', '00'.repeat(20)).subarray(0, 20))),
    ],
    ['a tree without names', async (made) => commitOf(made, await write(made, 'tree', '100644 '))],
    [
      'a parent that is a tree',
      async (made) => {
        const tree = await write(made, 'tree', '');
        return commitOf(made, tree, [tree]);
      },
    ],
    ['a parent that is missing', async (made) => commitOf(made, await write(made, 'tree', ''), ['1'.repeat(40)])],
    ['a commit without a tree', async (made) => write(made, 'commit', `author ${who}\n`)],
    ['a tag of nothing', async (made) => write(made, 'tag', `object ${'2'.repeat(40)}\ntype commit\ntag x\n`)],
    ['a tag without an object', async (made) => write(made, 'tag', 'tag x\n')],
  ])('%s', async (_name, make) => {
    await using folder = await makeTemporaryFolder();
    const made = await Repository.init(join(folder.path, 'a.git'));
    const want = await make(made);
    for (const kind of ['wasm', 'plain'] as const) {
      using walk = await openWalk(made, { kind });
      await expect(walk.select({ wants: [want] })).rejects.toThrow(corrupt);
      await expect(walk.select({ wants: [want], filter: { kind: 'tree', depth: 9 } })).rejects.toThrow(corrupt);
    }
  });

  test('trees deeper than git follows', async () => {
    await using folder = await makeTemporaryFolder();
    const made = await Repository.init(join(folder.path, 'a.git'));
    const depth = limits.maxTreeDepth + 10;
    const path = `${'d/'.repeat(depth)}f`;
    const old = await made.commit('refs/heads/main', { files: { [path]: 'old' } });
    const tip = await made.commit('refs/heads/main', { files: { [path]: 'new' } });
    using walk = await openWalk(made);
    const tooDeep = expect.objectContaining({ code: 'GM_LIMIT' }) as Error;
    await expect(walk.select({ wants: [tip], filter: { kind: 'tree', depth: 9999 } })).rejects.toThrow(tooDeep);
    await expect(walk.select({ wants: [tip], haves: [old], thin: true })).rejects.toThrow(tooDeep);
    expect((await walk.select({ wants: [tip] })).count).toBeGreaterThan(depth);
  });
});
