import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ObjectFormat, ObjectId } from '../core/object-id.ts';
import { limits } from '../core/limits.ts';
import { makeRichRepository } from '../../test/packs/rich-repository.ts';
import type { Repository } from '../../test/repositories/repository.ts';
import { runGit, runGitForBytes } from '../../test/repositories/run-git.ts';
import { makeTemporaryFolder, type TemporaryFolder } from '../../test/repositories/temporary-folder.ts';
import { parseCommit } from './commit.ts';
import { createObjectHash, hashObject } from './hash-object.ts';
import { isObjectType, objectTypeName, objectTypeNumber } from './object-type.ts';
import { parseTag } from './tag.ts';
import { encodeTree, parseTree } from './tree.ts';

const treeOid = '4b825dc642cb6eb9a060e54bf8d69288fbee4904';
const who = 'A U Thor <author@example.com> 1700000000 +0000';
const corrupt = expect.objectContaining({ code: 'GM_CORRUPT' }) as Error;

describe.each(['sha1', 'sha256'] as const)('objects of a %s repository', (format: ObjectFormat) => {
  let folder: TemporaryFolder;
  let repository: Repository;

  beforeAll(async () => {
    folder = await makeTemporaryFolder();
    repository = await makeRichRepository(folder.path, format);
  });
  afterAll(async () => {
    await folder[Symbol.asyncDispose]();
  });

  const content = (type: string, name: string): Promise<Buffer> =>
    runGitForBytes(['cat-file', type, name], { cwd: repository.path });

  test('commits say what git says', async () => {
    const log = await repository.git('log', '--all', '--format=%H %T %ct %P');
    for (const line of log.split('\n').slice(0, 30)) {
      const [oid = '', tree, time, ...parents] = line.split(' ');
      const bytes = await content('commit', oid);
      expect(hashObject('commit', bytes, format)).toBe(oid);
      expect(parseCommit(bytes, format)).toEqual({
        treeOid: tree,
        parentOids: parents.filter((parent) => parent !== ''),
        commitTime: Number(time),
      });
    }
  });

  test('tags say what git says', async () => {
    for (const name of ['annotated', 'outer', 'of-tree', 'of-blob']) {
      const bytes = await content('tag', name);
      const [targetOid, targetType] = (await repository.git('tag', '-l', '--format=%(object) %(type)', name)).split(
        ' ',
      );
      expect(parseTag(bytes, format)).toEqual({ targetOid, targetType, name });
    }
  });

  test('trees say what git says, and encode to the same bytes from any order', async () => {
    for (const name of ['main^{tree}', 'main:a', 'submodule^{tree}']) {
      const bytes = await content('tree', name);
      const entries = [...parseTree(bytes, format)];
      const listed = entries.map(({ mode, name: path, oid }) => {
        const type = mode === 0o40000 ? 'tree' : mode === 0o160000 ? 'commit' : 'blob';
        return `${mode.toString(8).padStart(6, '0')} ${type} ${oid}\t${Buffer.from(path).toString()}`;
      });
      expect(listed.join('\n')).toBe(await repository.git('ls-tree', name));
      expect(Buffer.compare(encodeTree(entries.toReversed()), bytes)).toBe(0);
    }
  });

  test('names of objects of every size', async () => {
    for (const size of [0, 1, 4000, 65_000, 66_000, 1_000_000]) {
      const bytes = Buffer.alloc(size, 'x');
      const name = await runGit(['hash-object', '--stdin'], { cwd: repository.path, input: bytes });
      expect(hashObject('blob', bytes, format)).toBe(name);
      expect(createObjectHash('blob', size, format).update(bytes).digest('hex')).toBe(name);
    }
  });
});

describe('odd and damaged objects', () => {
  test('a commit with neither author nor message', () => {
    const commit = parseCommit(Buffer.from(`tree ${treeOid}\n`), 'sha1');
    expect(commit).toEqual({ treeOid, parentOids: [], commitTime: 0 });
  });

  test('a commit whose names hold strange bytes, and whose time makes no sense', () => {
    const times = ['9'.repeat(40), 'soon', '', '-5'];
    for (const time of times) {
      const text = `tree ${treeOid}\nauthor \u00ff> 12 > <a> 5 +0000\ncommitter > x <c> ${time} +0000\nodd header\n\nm`;
      expect(parseCommit(Buffer.from(text, 'latin1'), 'sha1').commitTime).toBe(0);
    }
    const odd = `tree ${treeOid}\nauthor ${who}\ncommitter a <b> c> 77 +0000\n\n`;
    expect(parseCommit(Buffer.from(odd), 'sha1').commitTime).toBe(77);
  });

  test('parents in capitals, as git reads them', () => {
    const text = `tree ${treeOid}\nparent ${treeOid.toUpperCase()}\n\n`;
    expect(parseCommit(Buffer.from(text), 'sha1').parentOids).toEqual([treeOid]);
  });

  test.each([
    ['nothing', ''],
    ['no tree', `author ${who}\n`],
    ['a short tree', 'tree 4b82\n'],
    ['a tree that is no number', `tree ${'x'.repeat(40)}\n`],
    ['a cut parent', `tree ${treeOid}\nparent ${treeOid}`],
    ['the names of another format', `tree ${'0'.repeat(64)}\n`],
  ])('a commit with %s is GM_CORRUPT', (_name, text) => {
    expect(() => parseCommit(Buffer.from(text), 'sha1')).toThrow(corrupt);
  });

  test('a commit with more parents than the bound is GM_LIMIT', () => {
    const parent = `parent ${treeOid}\n`;
    const most = Buffer.from(`tree ${treeOid}\n${parent.repeat(limits.maxCommitParents)}`);
    expect(parseCommit(most, 'sha1').parentOids).toHaveLength(limits.maxCommitParents);
    const more = Buffer.concat([most, Buffer.from(parent)]);
    expect(() => parseCommit(more, 'sha1')).toThrow(expect.objectContaining({ code: 'GM_LIMIT' }) as Error);
  });

  test.each([
    ['nothing', ''],
    ['no type', `object ${treeOid}\ntag v1\n`],
    ['an unknown type', `object ${treeOid}\ntype thing\ntag v1\n`],
    ['a short object', `object 4b82\ntype tree\ntag v1\n`],
    ['no name', `object ${treeOid}\ntype tree\n`],
  ])('a tag with %s is GM_CORRUPT', (_name, text) => {
    expect(() => parseTag(Buffer.from(text), 'sha1')).toThrow(corrupt);
  });

  test.each([
    ['a cut name', '100644 file\0abc'],
    ['no mode', ' file\0aaaaaaaaaaaaaaaaaaaa'],
    ['a mode that is no number', '10x644 file\0aaaaaaaaaaaaaaaaaaaa'],
    ['an endless mode', `${'1'.repeat(50)} file\0aaaaaaaaaaaaaaaaaaaa`],
    ['an empty name', '100644 \0aaaaaaaaaaaaaaaaaaaa'],
    ['no end', '100644 file'],
  ])('a tree with %s is GM_CORRUPT', (_name, text) => {
    expect(() => [...parseTree(Buffer.from(text, 'latin1'), 'sha1')]).toThrow(corrupt);
  });

  test('a folder sorts as if its name ended in a slash', () => {
    const oid = treeOid as ObjectId;
    const content = encodeTree([
      { mode: 0o40000, name: Buffer.from('a'), oid },
      { mode: 0o100644, name: Buffer.from('a.b'), oid },
      { mode: 0o100644, name: Buffer.from('a0'), oid },
    ]);
    expect([...parseTree(content, 'sha1')].map(({ name }) => Buffer.from(name).toString())).toEqual(['a.b', 'a', 'a0']);
    expect(encodeTree([])).toHaveLength(0);
  });

  test('types have names and numbers', () => {
    for (const type of ['commit', 'tree', 'blob', 'tag'] as const) {
      expect(objectTypeName(objectTypeNumber(type))).toBe(type);
      expect(isObjectType(type)).toBe(true);
    }
    expect([0, 5, 6, 7, 8].map((number) => objectTypeName(number))).toEqual(Array(5).fill(undefined));
    expect(isObjectType('Blob')).toBe(false);
  });
});
