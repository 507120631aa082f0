import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { crc32 } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { compareFamilies, gitVersions } from '../../../test/git-versions.ts';
import { makeTemporaryFolder } from '../../../test/repositories/temporary-folder.ts';
import type { ObjectFormat } from '../../core/object-id.ts';
import { readLayout } from '../layout/repository-layout.ts';
import type { RefStore } from '../ref-store.ts';
import { openRefStore } from './open-ref-store.ts';
import { heldSource } from './reftable/reftable-source.ts';
import { Reftable } from './reftable/reftable-table.ts';

const fixtures = join(import.meta.dirname, '..', '..', '..', 'test', 'fixtures', 'reftable');

function openFixture(folder: string, format: ObjectFormat): RefStore {
  return openRefStore({ gitDir: folder, commonDir: folder, format, refStorage: 'reftable' });
}

function listing(refs: RefStore, prefix?: string): readonly string[] {
  return Array.from(refs.list(prefix), ({ oid, name, symrefTarget = '', peeledOid }) => {
    return `${oid} ${name} ${symrefTarget} ${peeledOid ?? ''}`;
  });
}

function gitLines(text: string): readonly string[] {
  return text.split('\n').slice(0, -1);
}

describe.each([
  ['stack', 'sha1', 14],
  ['sha256', 'sha256', 14],
  ['index', 'sha1', 1],
] as const)('a reftable of git 2.47: %s', (name, format, tableCount) => {
  const folder = join(fixtures, name);
  const refs = openFixture(folder, format);
  const expected = gitLines(readFileSync(join(folder, 'for-each-ref.txt'), 'utf8'));

  it('holds the refs that git sees', () => {
    expect(readdirSync(join(folder, 'reftable'))).toHaveLength(tableCount + 1);
    expect(listing(refs)).toEqual(expected);
    expect(refs.head()?.target).toBe('refs/heads/main');
    expect(refs.find('ORIG_HEAD')?.oid).toBe(refs.find('refs/heads/topic/1')?.oid);
    expect(refs.version()).toContain('.ref');
  });

  it('is found through by name and by prefix', () => {
    for (const ref of refs.list()) expect(refs.find(ref.name)).toEqual(ref);
    for (const missing of [
      'refs/heads/gone',
      'refs/heads/dangling',
      'refs/heads/topic',
      'refs/a',
      'refs/zzz',
      'nothing',
    ]) {
      expect(refs.find(missing)).toBeUndefined();
    }
    const names = expected.map((line) => line.split(' ')[1] ?? '');
    for (const prefix of [
      'refs/heads/topic/3',
      'refs/heads/ü',
      'refs/tags/',
      'refs/heads/main',
      'refs/none/',
      'refs/z',
    ]) {
      const lines = expected.filter((_, index) => names[index]?.startsWith(prefix));
      expect(listing(refs, prefix)).toEqual(lines);
    }
    const missing: string[] = [];
    Array.from(
      openRefStore(
        { gitDir: folder, commonDir: folder, format, refStorage: 'reftable' },
        { onWarning: (text) => missing.push(text) },
      ).list(),
    );
    expect(missing).toEqual(['ignoring broken ref refs/heads/dangling']);
  });

  it('leads to an error at worst when it is damaged', () => {
    const [file = ''] = readdirSync(join(folder, 'reftable'))
      .filter((entry) => entry.endsWith('.ref'))
      .sort((a, b) => {
        return readFileSync(join(folder, 'reftable', b)).length - readFileSync(join(folder, 'reftable', a)).length;
      });
    const good = readFileSync(join(folder, 'reftable', file));
    const footer = good.length - (format === 'sha1' ? 68 : 72);
    const start = performance.now();
    let errors = 0;
    let refCount = 0;
    for (let round = 0; round < 1500; round++) {
      const bad = Buffer.from(good);
      for (let change = 0; change <= round % 3; change++) {
        const at = (round * 7919 + change * 104_729) % (round % 5 === 0 ? good.length : Math.min(footer, 600));
        bad[at] = [0, 0xff, 0x80, 1, 0x72, 0x69, round & 0xff, (bad[at] ?? 0) ^ (1 << (round % 8))][round % 8] ?? 0;
      }
      // The header is there twice, and has to be the same; only the footer has a checksum.
      if (round % 2 === 0) bad.copy(bad, footer, 0, footer === good.length - 68 ? 24 : 28);
      bad.writeUInt32BE(crc32(bad.subarray(footer, bad.length - 4)), bad.length - 4);
      const cut = round % 11 === 0 ? bad.subarray(0, (round * 31) % bad.length) : bad;
      try {
        const table = new Reftable(heldSource('damaged', cut), format);
        for (const from of ['', 'refs/heads/topic/3', 'refs/tags/v1']) {
          for (const ref of table.refs(from)) refCount += ref.name === '' ? Number.NaN : 1;
        }
      } catch (error) {
        expect(error).toMatchObject({ code: 'GM_CORRUPT' });
        errors++;
      }
    }
    expect(errors).toBeGreaterThan(100);
    expect(refCount).toBeGreaterThan(100);
    expect(performance.now() - start).toBeLessThan(60_000);
  });
});

describe('a stack of reftables', () => {
  it('is refused when its list makes no sense', async () => {
    await using folder = await makeTemporaryFolder();
    const refs = openFixture(folder.path, 'sha1');
    expect(listing(refs)).toEqual([]);
    mkdirSync(join(folder.path, 'reftable'));
    const list = join(folder.path, 'reftable', 'tables.list');
    for (const name of ['../x.ref', '.hidden', 'missing.ref', 'a\0b']) {
      writeFileSync(list, `${name}\n`);
      expect(() => listing(refs)).toThrow(expect.objectContaining({ code: 'GM_CORRUPT' }));
    }
    writeFileSync(list, 'x\n'.repeat(2000));
    expect(() => listing(refs)).toThrow(expect.objectContaining({ code: 'GM_LIMIT' }));
    cpSync(join(fixtures, 'stack'), folder.path, { recursive: true });
    expect(listing(openFixture(folder.path, 'sha1'))).toHaveLength(12);
    expect(() => listing(openFixture(folder.path, 'sha256'))).toThrow(expect.objectContaining({ code: 'GM_CORRUPT' }));
    const [first = ''] = readFileSync(list, 'utf8').split('\n');
    appendFileSync(join(folder.path, 'reftable', first), 'x');
    expect(() => listing(openFixture(folder.path, 'sha1'))).toThrow(expect.objectContaining({ code: 'GM_CORRUPT' }));
    rmSync(join(folder.path, 'reftable', first));
    expect(() => listing(openFixture(folder.path, 'sha1'))).toThrow(expect.objectContaining({ code: 'GM_CORRUPT' }));
  });
});

describe('reftables of the newest git here', () => {
  const newest = gitVersions().at(-1);
  const run = (cwd: string, args: readonly string[], input = ''): string =>
    execFileSync(newest?.program ?? 'git', args, { cwd, input, encoding: 'utf8', maxBuffer: 64_000_000 });

  it('are read while it writes and compacts them, and in worktrees', { timeout: 120_000 }, async () => {
    // `npm run git-versions` provides it.
    expect(compareFamilies(newest?.family ?? '0.0', '2.45')).toBeGreaterThanOrEqual(0);
    await using folder = await makeTemporaryFolder();
    const path = join(folder.path, 'main');
    run(folder.path, ['init', '-q', '--ref-format=reftable', '--initial-branch=main', path]);
    run(path, ['commit', '-q', '--allow-empty', '-m', 'one']);
    run(path, ['commit', '-q', '--allow-empty', '-m', 'two']);
    run(path, ['tag', '-a', '-m', 'tag', 'v1']);
    const creates = Array.from(
      { length: 20_000 },
      (_, index) => `create refs/heads/many/${String(index)} HEAD~${String(index % 2)}\n`,
    );
    run(path, ['update-ref', '--stdin'], creates.join(''));
    run(path, ['pack-refs', '--all']);
    const linked = join(folder.path, 'linked');
    run(path, ['worktree', 'add', '-q', '-b', 'other', linked]);
    for (const name of ['refs/bisect/bad', 'refs/worktree/own', 'refs/heads/shared'])
      run(linked, ['update-ref', name, 'HEAD']);
    run(path, ['update-ref', 'refs/bisect/main', 'HEAD']);
    const ask = (cwd: string): readonly string[] =>
      gitLines(run(cwd, ['for-each-ref', '--format=%(objectname) %(refname) %(symref) %(*objectname)']));
    for (const place of [path, linked]) {
      const refs = openRefStore(readLayout(place));
      expect(listing(refs)).toEqual(ask(place));
      expect(refs.find('refs/heads/many/17777')?.oid).toBe(run(place, ['rev-parse', 'refs/heads/many/17777']).trim());
    }
    expect(openRefStore(readLayout(linked)).head()?.target).toBe('refs/heads/other');
    expect(openRefStore(readLayout(linked)).find('main-worktree/HEAD')?.symrefTarget).toBe('refs/heads/main');
    expect(openRefStore(readLayout(path)).find('worktrees/linked/refs/bisect/bad')).toBeDefined();

    const script =
      'for i in 1 2 3 4 5 6 7 8 9 10 11 12; do "$0" update-ref refs/heads/many/5 HEAD; "$0" update-ref refs/heads/many/5 HEAD~1; "$0" pack-refs --all; done';
    const child = spawn('sh', ['-c', script, newest?.program ?? 'git'], { cwd: path, stdio: 'ignore' });
    const exited = once(child, 'exit');
    const refs = openRefStore(readLayout(path));
    const count = ask(path).length;
    const versions = new Set<string>();
    while (child.exitCode === null) {
      versions.add(refs.version());
      expect(Array.from(refs.list())).toHaveLength(count);
      expect(refs.find('refs/heads/many/5')).toBeDefined();
      await setTimeout(0);
    }
    await exited;
    expect(versions.size).toBeGreaterThan(1);
  });
});
