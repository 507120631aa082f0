import fc from 'fast-check';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { Repository } from '../../test/repositories/repository.ts';
import { makeTemporaryFolder } from '../../test/repositories/temporary-folder.ts';
import { isGitMirrorError, messageOf } from '../core/error.ts';
import { formatFilterKind, parseObjectFilter } from './parse-object-filter.ts';

const limits = { maxFilterLength: 4096, maxFilterNesting: 8 };

describe('git takes and refuses the same', () => {
  const specs = [
    'blob:none',
    'blob:limit=0',
    'blob:limit=10k',
    'blob:limit=1G',
    'blob:limit=0x10m',
    'blob:limit=010',
    'blob:limit=+7',
    'blob:limit= 7',
    'blob:limit=08',
    'blob:limit=-1',
    'blob:limit=',
    'blob:limit=1t',
    'blob:limit=18446744073709551615',
    'blob:limit=18446744073709551616',
    'blob:limit=18446744073709551615k',
    'tree:0',
    'tree:3',
    'tree:1k',
    'tree:',
    'tree:x',
    'tree:-1',
    'object:type=commit',
    'object:type=tag',
    'object:type=Blob',
    'object:type=',
    'object:type=\'"',
    'sparse:path=x',
    'combine:',
    'combine:blob:none',
    'combine:blob:none+tree:2',
    'combine:tree:2+combine:blob:limit%3D5%2Btree:1',
    'combine:combine:blob:none',
    'combine:blob%3Anone+object:type%3Dtree',
    'combine:blob:none+',
    'combine:+blob:none',
    'combine:blob:none++tree:1',
    'combine:+',
    'combine:blob:limit=1',
    'combine:a b',
    'combine:~',
    'combine:%zz',
    'combine:%7e',
    'combine:blob:none%00',
    'combine:sparse:path=x',
    'combine:tree:2+nonsense',
    'nonsense',
    'Blob:none',
    'blob:none ',
  ];

  test('with the same words', async () => {
    await using folder = await makeTemporaryFolder();
    const made = await Repository.init(join(folder.path, 'a.git'));
    await made.commit('refs/heads/main');
    for (const spec of specs) {
      const theirs = await made
        .git('rev-list', '--objects', `--filter=${spec}`, 'main')
        .then(() => '')
        .catch((error: unknown) => /^fatal: (.*)$/m.exec(messageOf(error).split('a.git: ').at(-1) ?? '')?.[1]);
      let ours = '';
      try {
        parseObjectFilter(spec, limits);
      } catch (error) {
        expect(isGitMirrorError(error, 'GM_PROTOCOL')).toBe(true);
        ours = messageOf(error);
      }
      expect(ours, spec).toBe(theirs);
    }
  });
});

test('what filters come to', () => {
  expect(parseObjectFilter('blob:limit=0x1fk', limits)).toEqual({ kind: 'blob:limit', maxBytes: 31 * 1024 });
  expect(parseObjectFilter('blob:limit=017', limits)).toEqual({ kind: 'blob:limit', maxBytes: 15 });
  expect(parseObjectFilter('sparse:oid=main:some/rules', limits)).toEqual({
    kind: 'sparse:oid',
    rules: 'main:some/rules',
  });
  expect(parseObjectFilter('combine:tree:2+combine:blob:none%2Bsparse:oid%3Da%2525b', limits)).toEqual({
    kind: 'combine',
    filters: [
      { kind: 'tree', depth: 2 },
      { kind: 'combine', filters: [{ kind: 'blob:none' }, { kind: 'sparse:oid', rules: 'a%b' }] },
    ],
  });
});

test('kinds are those of uploadpackfilter.<kind>.allow', () => {
  const kinds = ['blob:none', 'blob:limit=1', 'tree:1', 'object:type=blob', 'sparse:oid=x', 'combine:tree:1'];
  expect(kinds.map((spec) => formatFilterKind(parseObjectFilter(spec, limits)))).toEqual([
    'blob:none',
    'blob:limit',
    'tree',
    'object:type',
    'sparse:oid',
    'combine',
  ]);
  expect(formatFilterKind(undefined)).toBe('none');
});

test('a spec may be neither too long nor too deeply nested', () => {
  const nested = (depth: number): string => `${'combine:'.repeat(depth)}blob:none`;
  expect(parseObjectFilter(nested(8), limits).kind).toBe('combine');
  const tooMuch = expect.objectContaining({ code: 'GM_LIMIT' }) as Error;
  expect(() => parseObjectFilter(nested(9), limits)).toThrow(tooMuch);
  expect(() => parseObjectFilter(nested(10_000), limits)).toThrow(tooMuch);
  expect(() => parseObjectFilter(nested(10_000), { ...limits, maxFilterLength: 1e6 })).toThrow(tooMuch);
  expect(() => parseObjectFilter(`sparse:oid=${'x'.repeat(5000)}`, limits)).toThrow(tooMuch);
});

test('anything else is refused, never more', () => {
  const piece = fc.constantFrom(
    'combine:',
    'tree:',
    'blob:none',
    '+',
    '%2B',
    '%',
    '1',
    'k',
    'blob:limit=',
    ' ',
    'é',
    '\0',
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 40 }), (pieces) => {
      try {
        parseObjectFilter(pieces.join(''), limits);
      } catch (error) {
        expect(isGitMirrorError(error, 'GM_PROTOCOL') || isGitMirrorError(error, 'GM_LIMIT')).toBe(true);
      }
    }),
  );
});
