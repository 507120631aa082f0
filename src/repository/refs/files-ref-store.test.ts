import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { makeRepository } from '../../../test/repositories/make-repository.ts';
import { Repository } from '../../../test/repositories/repository.ts';
import { runGit } from '../../../test/repositories/run-git.ts';
import { makeTemporaryFolder } from '../../../test/repositories/temporary-folder.ts';
import { compareRawText, decodeRawText } from '../../core/raw-text.ts';
import { readLayout } from '../layout/repository-layout.ts';
import type { Ref } from '../ref-store.ts';
import { openRefStore } from './open-ref-store.ts';

const format = '%(objectname) %(refname) %(symref) %(*objectname)';

/** All refs as git sees them; where one leads through several symbolic ones, the last of them. */
function askGit(repository: string): readonly string[] {
  const said = decodeRawText(
    execFileSync('git', ['for-each-ref', `--format=${format}`], { cwd: repository, stdio: 'pipe' }),
  );
  return said.split('\n').slice(0, -1);
}

/** The same of ours; what is not known to be a tag or not is asked of git. */
function askUs(repository: string, prefix?: string): readonly string[] {
  return Array.from(openRefStore(readLayout(repository)).list(prefix), (ref) => describeRef(repository, ref));
}

function describeRef(repository: string, { oid, name, symrefTarget = '', peeledOid }: Ref): string {
  const peeled = peeledOid === undefined ? peel(repository, oid) : (peeledOid ?? '');
  return `${oid} ${name} ${symrefTarget} ${peeled}`;
}

function peel(repository: string, oid: string): string {
  const type = execFileSync('git', ['cat-file', '-t', oid], { cwd: repository, encoding: 'utf8' }).trim();
  return type === 'tag'
    ? execFileSync('git', ['rev-parse', `${oid}^{}`], { cwd: repository, encoding: 'utf8' }).trim()
    : '';
}

describe.each(['sha1', 'sha256'] as const)('refs in files, %s', (objectFormat) => {
  it('are those that git sees, loose over packed', async () => {
    await using folder = await makeTemporaryFolder();
    const path = join(folder.path, 'repository.git');
    const repository = await makeRepository(path, { format: objectFormat, commits: 6, branches: 5, tags: 4 });
    const tip = await repository.resolve('main');
    expect(askUs(path)).toEqual(askGit(path));
    await repository.git('pack-refs', '--all');
    expect(askUs(path)).toEqual(askGit(path));
    await repository.updateRef('refs/heads/topic-2', tip);
    await repository.updateRef('refs/heads/topic/deep/er', tip);
    await repository.updateRef('refs/heads/topic-', tip);
    await repository.updateRef('refs/tags/zähl/\u{1f600}', tip);
    await repository.updateRef('refs/tags/zähl/\uffee', tip);
    await repository.deleteRef('refs/heads/topic-3');
    await repository.git('symbolic-ref', 'refs/remotes/origin/HEAD', 'refs/heads/main');
    await repository.git('symbolic-ref', 'refs/heads/dangling', 'refs/heads/nowhere');
    await repository.git('symbolic-ref', 'refs/heads/loop', 'refs/heads/loop');
    expect(askUs(path)).toEqual(askGit(path));
    for (const prefix of [
      'refs/heads/',
      'refs/heads/topic',
      'refs/heads/topic-',
      'refs/heads/topic-2',
      'refs/tags/zähl',
    ]) {
      const expected = askGit(path).filter((line) => line.slice(tip.length + 1).startsWith(prefix));
      expect(askUs(path, prefix)).toEqual(expected);
    }
    expect(askUs(path, 'refs')).toEqual(askGit(path));
    expect(askUs(path, 'HEAD')).toEqual([]);
    const refs = openRefStore(readLayout(path));
    for (const ref of refs.list()) expect(refs.find(ref.name)).toEqual(ref);
    expect(refs.find('refs/heads/topic-3')).toBeUndefined();
    expect(refs.find('refs/heads/topic')).toBeUndefined();
    expect(refs.find('refs/heads/dangling')).toBeUndefined();
    expect(refs.find('HEAD')).toEqual({ name: 'HEAD', oid: tip, symrefTarget: 'refs/heads/main' });
    expect(refs.head()).toEqual({ target: 'refs/heads/main', oid: tip });
  });

  it('know what tags lead to as far as packed-refs says', async () => {
    await using folder = await makeTemporaryFolder();
    const path = join(folder.path, 'repository.git');
    const repository = await makeRepository(path, { format: objectFormat, commits: 3, tags: 3, branches: 1 });
    await repository.git('pack-refs', '--all');
    const packed = readFileSync(join(path, 'packed-refs'), 'utf8');
    const peeled = (): unknown => {
      const names = ['refs/heads/main', 'refs/tags/v1', 'refs/tags/v2'];
      return names.map((name) => openRefStore(readLayout(path)).find(name)?.peeledOid?.length ?? 0);
    };
    const unknown = (): unknown[] =>
      Array.from(openRefStore(readLayout(path)).list(), ({ peeledOid }) => peeledOid === undefined);
    const length = objectFormat === 'sha1' ? 40 : 64;
    expect(peeled()).toEqual([0, length, 0]);
    expect(unknown()).toEqual([false, false, false, false, false]);
    writeFileSync(join(path, 'packed-refs'), packed.replace('fully-peeled ', ''));
    expect(unknown()).toEqual([true, true, false, false, false]);
    writeFileSync(join(path, 'packed-refs'), packed.replace(/^#.*\n/, ''));
    expect(peeled()).toEqual([0, length, 0]);
    expect(unknown()).toEqual([true, true, false, true, false]);
  });
});

describe('refs in files', () => {
  it('are left out where they are broken, as git does', async () => {
    await using folder = await makeTemporaryFolder();
    const path = join(folder.path, 'repository.git');
    const repository = await makeRepository(path, { commits: 2, branches: 2 });
    const tip = await repository.resolve('main');
    await repository.git('pack-refs', '--all');
    const heads = join(path, 'refs', 'heads');
    writeFileSync(join(heads, 'topic-1'), 'garbage\n');
    writeFileSync(join(heads, 'empty'), '');
    writeFileSync(join(heads, 'short'), tip.slice(1));
    writeFileSync(join(heads, 'null'), '0'.repeat(40));
    writeFileSync(join(heads, 'trailing'), `${tip.toUpperCase()} and more\n`);
    writeFileSync(join(heads, 'joined'), `${tip}x\n`);
    writeFileSync(join(heads, 'spaces'), `ref:\t \n refs/heads/main \n\n`);
    writeFileSync(join(heads, 'outside'), `ref: HEAD\n`);
    writeFileSync(join(heads, 'escape'), `ref: ../../etc/passwd\n`);
    writeFileSync(join(heads, 'config'), `ref: config\n`);
    writeFileSync(join(heads, 'bad..name'), `${tip}\n`);
    writeFileSync(join(heads, 'held.lock'), `${tip}\n`);
    writeFileSync(join(heads, '.hidden'), `${tip}\n`);
    writeFileSync(Buffer.concat([Buffer.from(join(heads, 'latin-')), Buffer.from([0xe9])]), `${tip}\n`);
    writeFileSync(join(heads, 'long'), `${tip}\n${' '.repeat(3000)}`);
    writeFileSync(join(heads, 'huge'), `${tip}\n${' '.repeat(300_000)}x`);
    mkdirSync(join(heads, 'folder', 'empty'), { recursive: true });
    for (let depth = 1; depth <= 6; depth++) {
      writeFileSync(
        join(heads, `chain-${String(depth)}`),
        `ref: refs/heads/${depth === 1 ? 'main' : `chain-${String(depth - 1)}`}\n`,
      );
    }
    // What is longer than any ref git writes is taken for none.
    const gits = askGit(path).filter((line) => !line.includes('/huge '));
    // Git 2.39 waits for somebody to write to it.
    spawnSync('sh', ['-c', 'mkfifo fifo'], { cwd: heads });
    const complaints: string[] = [];
    const refs = openRefStore(readLayout(path), { onWarning: (text) => complaints.push(text) });
    const ours = Array.from(refs.list(), (ref) => describeRef(path, ref));
    const named = (lines: readonly string[]): unknown => lines.map((line) => line.split(' ').slice(0, 2));
    expect(named(ours)).toEqual(named(gits));
    expect(ours.some((line) => line.includes('latin-\udce9'))).toBe(true);
    expect(complaints).toContain('ignoring broken ref refs/heads/topic-1');
    expect(refs.find('refs/heads/chain-4')?.symrefTarget).toBe('refs/heads/main');
    expect(refs.find('refs/heads/chain-5')).toBeUndefined();
    expect(refs.find('refs/heads/fifo')).toBeUndefined();
    expect(refs.find('refs/heads/huge')).toBeUndefined();
    for (const name of ['', '/', 'refs/heads/../heads/main', 'refs/heads/.hidden', 'config', 'objects', '..', '@']) {
      expect(refs.find(name)).toBeUndefined();
    }
  });

  it('may be symbolic links, and folders too', async () => {
    await using folder = await makeTemporaryFolder();
    const path = join(folder.path, 'repository.git');
    const repository = await makeRepository(path, { commits: 2, branches: 2 });
    const tip = await repository.resolve('main');
    writeFileSync(join(folder.path, 'elsewhere'), `${tip}\n`);
    symlinkSync('refs/heads/topic-1', join(path, 'refs', 'heads', 'symbolic'));
    symlinkSync(join(folder.path, 'elsewhere'), join(path, 'refs', 'heads', 'linked'));
    symlinkSync(join(folder.path, 'nowhere'), join(path, 'refs', 'heads', 'broken'));
    mkdirSync(join(folder.path, 'shared'));
    writeFileSync(join(folder.path, 'shared', 'one'), `${tip}\n`);
    symlinkSync(join(folder.path, 'shared'), join(path, 'refs', 'shared'));
    expect(askUs(path)).toEqual(askGit(path));
    // Git goes round until the system has enough; each ref is there once for us.
    symlinkSync('..', join(path, 'refs', 'heads', 'round'));
    expect(askUs(path)).toEqual(askGit(path).filter((line) => !line.includes('/round/')));
  });

  it('say what HEAD is', async () => {
    await using folder = await makeTemporaryFolder();
    const { path } = await Repository.init(join(folder.path, 'repository.git'));
    const refs = openRefStore(readLayout(path));
    expect(refs.head()).toEqual({ target: 'refs/heads/main', oid: undefined });
    expect(refs.find('HEAD')).toBeUndefined();
    const oid = 'ab'.repeat(20);
    writeFileSync(join(path, 'HEAD'), `${oid}\n`);
    expect(refs.head()).toEqual({ target: undefined, oid });
    writeFileSync(join(path, 'HEAD'), 'ref: refs/heads/a\n');
    writeFileSync(join(path, 'refs', 'heads', 'a'), 'ref: refs/heads/b\n');
    expect(refs.head()).toEqual({ target: 'refs/heads/b', oid: undefined });
    writeFileSync(join(path, 'HEAD'), 'nonsense\n');
    expect(refs.head()).toBeUndefined();
    rmSync(join(path, 'HEAD'));
    expect(refs.head()).toBeUndefined();
    symlinkSync('refs/heads/main', join(path, 'HEAD'));
    expect(refs.head()).toEqual({ target: 'refs/heads/main', oid: undefined });
  });

  it('belong to a worktree, or to all of them', async () => {
    await using folder = await makeTemporaryFolder();
    const main = join(folder.path, 'main');
    const linked = join(folder.path, 'linked');
    await runGit(['init', '-q', '--initial-branch=main', main]);
    await runGit(['commit', '-q', '--allow-empty', '-m', 'one'], { cwd: main });
    await runGit(['worktree', 'add', '-q', '-b', 'other', linked], { cwd: main });
    for (const name of ['refs/bisect/bad', 'refs/worktree/own', 'refs/rewritten/x', 'refs/heads/shared']) {
      await runGit(['update-ref', name, 'HEAD'], { cwd: linked });
    }
    await runGit(['update-ref', 'refs/bisect/main', 'HEAD'], { cwd: main });
    expect(askUs(main)).toEqual(askGit(main));
    expect(askUs(linked)).toEqual(askGit(linked));
    expect(askUs(linked, 'refs/bisect/')).toHaveLength(1);
    expect(openRefStore(readLayout(linked)).head()?.target).toBe('refs/heads/other');
    expect(openRefStore(readLayout(linked)).find('main-worktree/HEAD')?.symrefTarget).toBe('refs/heads/main');
    expect(openRefStore(readLayout(main)).find('worktrees/linked/refs/bisect/bad')).toBeDefined();
    await runGit(['pack-refs', '--all'], { cwd: linked });
    expect(askUs(linked)).toEqual(askGit(linked));
  });

  it('have a version that changes with them', async () => {
    await using folder = await makeTemporaryFolder();
    const path = join(folder.path, 'repository.git');
    const repository = await makeRepository(path, { commits: 3, branches: 2 });
    const refs = openRefStore(readLayout(path));
    const seen = new Set<string>();
    const changed = async (change: () => unknown): Promise<void> => {
      await change();
      await setTimeout(60);
      const version = refs.version();
      expect(seen).not.toContain(version);
      expect(refs.version()).toBe(version);
      seen.add(version);
    };
    await changed(() => undefined);
    await changed(() => repository.updateRef('refs/heads/topic-1', 'main'));
    await changed(() => repository.git('pack-refs', '--all'));
    await changed(() => repository.git('symbolic-ref', 'HEAD', 'refs/heads/topic-2'));
    await changed(() => repository.deleteRef('refs/heads/topic-1'));
    await repository.updateRef('refs/heads/new', 'main');
    await repository.git('pack-refs', '--all');
    // Just written: nobody can tell yet whether it changes again.
    const early = refs.version();
    await setTimeout(60);
    expect(refs.version()).toBe(refs.version());
    expect(refs.version()).not.toBe(early);
    // So many that nobody reads them all just for this.
    const tip = await repository.resolve('main');
    mkdirSync(join(path, 'refs', 'heads', 'many'));
    for (let index = 0; index <= 2000; index++) {
      writeFileSync(join(path, 'refs', 'heads', 'many', String(index)), `${tip}\n`);
    }
    expect(refs.version()).not.toBe(refs.version());
  });

  it('are all seen while git packs them', { timeout: 120_000 }, async () => {
    await using folder = await makeTemporaryFolder();
    const path = join(folder.path, 'repository.git');
    const repository = await makeRepository(path, { commits: 2, branches: 30 });
    const names = Array.from((await repository.refs()).keys());
    const script =
      'i=0; while [ $i -lt 25 ]; do i=$((i+1)); for b in 1 2 3 4 5; do git update-ref refs/heads/topic-$b main; git update-ref refs/heads/topic-$b main~1; done; git pack-refs --all --prune; done';
    const child = spawn('sh', ['-c', script], { cwd: path, stdio: 'ignore' });
    const exited = once(child, 'exit');
    const refs = openRefStore(readLayout(path));
    let rounds = 0;
    while (child.exitCode === null) {
      expect(Array.from(refs.list(), ({ name }) => name)).toEqual(names);
      for (const name of names) expect([name, refs.find(name) === undefined]).toEqual([name, false]);
      rounds++;
      await setTimeout(0);
    }
    await exited;
    expect(rounds).toBeGreaterThan(3);
  });
});

describe('packed-refs', () => {
  const oidOf = (index: number): string => (index + 1).toString(16).padStart(40, '0');

  function writePacked(path: string, names: readonly string[], header: string): void {
    const lines = names.map(
      (name, index) => `${oidOf(index)} ${name}\n${index % 7 === 0 ? `^${oidOf(index + 1)}\n` : ''}`,
    );
    writeFileSync(join(path, 'packed-refs'), header + lines.join(''));
  }

  it('is found through, and read in order, however large it is', async () => {
    await using folder = await makeTemporaryFolder();
    const { path } = await Repository.init(join(folder.path, 'repository.git'));
    const names = Array.from({ length: 60_000 }, (_, index) => {
      return `refs/heads/${String(index % 300)}/${'long-'.repeat(index % 40)}${String(index)}`;
    }).sort(compareRawText);
    writePacked(path, names, '# pack-refs with: peeled fully-peeled sorted \n');
    const refs = openRefStore(readLayout(path));
    const all = Array.from(refs.list());
    expect(all.map(({ name }) => name)).toEqual(names);
    expect(
      all.every(({ oid, peeledOid }, index) => oid === oidOf(index) && (peeledOid === null) === (index % 7 !== 0)),
    ).toBe(true);
    for (let index = 0; index < names.length; index += 997) {
      expect(refs.find(names[index] ?? '')?.oid).toBe(oidOf(index));
      expect(refs.find(`${names[index] ?? ''}-`)).toBeUndefined();
    }
    expect(refs.find(names.at(-1) ?? '')?.oid).toBe(oidOf(names.length - 1));
    for (const prefix of ['refs/heads/0/', 'refs/heads/1', 'refs/heads/299/long-', 'refs/tags/', 'a', 'z']) {
      expect(Array.from(refs.list(prefix), ({ name }) => name)).toEqual(
        names.filter((name) => name.startsWith(prefix)),
      );
    }
    // Replaced while it is read: the rest is what it was.
    const reading = refs.list()[Symbol.iterator]();
    reading.next();
    writeFileSync(join(path, 'packed-refs.new'), '');
    spawnSync('mv', [join(path, 'packed-refs.new'), join(path, 'packed-refs')]);
    let count = 1;
    while (reading.next().done !== true) count++;
    expect(count).toBe(names.length);
    expect(Array.from(refs.list())).toEqual([]);
  });

  it('is sorted when it is not', async () => {
    await using folder = await makeTemporaryFolder();
    const path = join(folder.path, 'repository.git');
    const repository = await makeRepository(path, { commits: 3, branches: 9, tags: 4 });
    await repository.git('pack-refs', '--all');
    const [, ...records] = readFileSync(join(path, 'packed-refs'), 'utf8').split(/\n(?!\^)/);
    const shuffled = records.filter((record) => record !== '').reverse();
    writeFileSync(join(path, 'packed-refs'), `# pack-refs with: peeled fully-peeled \n${shuffled.join('\n')}\n`);
    expect(askUs(path)).toEqual(askGit(path));
    writeFileSync(join(path, 'packed-refs'), `${shuffled.join('\n')}\n`);
    expect(askUs(path)).toEqual(askGit(path));
    expect(openRefStore(readLayout(path)).find('refs/heads/topic-4')).toBeDefined();
  });

  it('is refused where git refuses it, in its words', async () => {
    await using folder = await makeTemporaryFolder();
    const path = join(folder.path, 'repository.git');
    await makeRepository(path, { commits: 1 });
    const oid = 'ab'.repeat(20);
    const header = '# pack-refs with: peeled fully-peeled sorted \n';
    const cases = [
      '# something else\n',
      '# pack-refs with: peeled',
      `${header}${oid} refs/heads/x`,
      `${header}${oid}\n`,
      `${header}${oid} refs/heads/x\nnonsense\n`,
      `${header}${oid}-refs/heads/x\n${oid} refs/heads/y\n`,
      `${header}${oid} refs/heads/x\n^${oid.slice(1)}\n${oid} refs/heads/y\n`,
      `${header}${oid.replace('a', 'x')} refs/heads/x\n${oid} refs/heads/y\n`,
      `${oid} refs/heads/y\nshort\n${oid} refs/heads/x\n`,
      `${header}${oid} refs/heads/x\n${'long '.repeat(30)}\n${oid} refs/heads/y\n`,
    ];
    for (const text of cases) {
      writeFileSync(join(path, 'packed-refs'), text);
      const { stderr } = spawnSync('git', ['for-each-ref'], { cwd: path });
      const [, complaint = 'none'] = /^fatal: (\w+ line) in /m.exec(stderr.toString()) ?? [];
      expect(complaint).not.toBe('none');
      const list = (): unknown => Array.from(openRefStore(readLayout(path)).list());
      expect(list).toThrow(expect.objectContaining({ code: 'GM_CORRUPT' }));
      expect(list).toThrow(complaint);
    }
  });

  it('may hold names that are malformed, but none that lead elsewhere', async () => {
    await using folder = await makeTemporaryFolder();
    const path = join(folder.path, 'repository.git');
    const repository = await makeRepository(path, { commits: 1 });
    const tip = await repository.resolve('main');
    const write = (name: string): void => {
      const lines = ['refs/heads/a', name, 'refs/heads/z'].map((each) => `${tip} ${each}\n`);
      writeFileSync(join(path, 'packed-refs'), `# pack-refs with: peeled fully-peeled sorted \n${lines.join('')}`);
    };
    for (const name of ['refs/heads/b..c', 'refs/heads/b c', 'refs/heads/b.lock', 'refs/heads/.b', 'refs/heads/b~1']) {
      write(name);
      expect(askUs(path)).toEqual(askGit(path));
    }
    for (const name of ['refs/heads/../b', 'refs/heads/./b', 'refs/heads//b', 'refs/heads/b/']) {
      write(name);
      const { stderr } = spawnSync('git', ['for-each-ref'], { cwd: path });
      expect(stderr.toString()).toContain(`fatal: packed refname is dangerous: ${name}\n`);
      const list = (): unknown => Array.from(openRefStore(readLayout(path)).list());
      expect(list).toThrow(`packed refname is dangerous: ${name}`);
    }
    write('refs/heads/b\0c');
    expect(() => Array.from(openRefStore(readLayout(path)).list())).toThrow('packed refname contains embedded NULL');
  });

  it('leads to an error at worst, whatever is in it', async () => {
    await using folder = await makeTemporaryFolder();
    const path = join(folder.path, 'repository.git');
    const repository = await makeRepository(path, { commits: 2, branches: 3, tags: 2 });
    await repository.git('pack-refs', '--all');
    const file = join(path, 'packed-refs');
    const good = readFileSync(file);
    const layout = readLayout(path);
    for (let round = 0; round < 500; round++) {
      const bad = Buffer.from(good.subarray(0, round % 3 === 0 ? (round * 7) % good.length : good.length));
      const at = (round * 131) % Math.max(1, bad.length);
      if (bad.length > 0) bad[at] = [0x0a, 0x20, 0x5e, 0x00, 0xff, 0x23, round & 0xff][round % 7] ?? 0;
      writeFileSync(file, bad);
      try {
        const refs = openRefStore(layout);
        for (const { oid, name } of refs.list()) expect([oid.length, name.startsWith('refs/')]).toEqual([40, true]);
        refs.find('refs/heads/topic-2');
      } catch (error) {
        expect(error).toMatchObject({ code: 'GM_CORRUPT' });
      }
    }
    appendFileSync(file, Buffer.alloc(3_000_000, 'x'));
    expect(() => Array.from(openRefStore(layout).list())).toThrow(expect.objectContaining({ code: 'GM_CORRUPT' }));
  });
});
