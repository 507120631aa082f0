import { spawnSync } from 'node:child_process';
import { mkdirSync, realpathSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { makeRepository } from '../../../test/repositories/make-repository.ts';
import { Repository } from '../../../test/repositories/repository.ts';
import { runGit } from '../../../test/repositories/run-git.ts';
import { makeTemporaryFolder } from '../../../test/repositories/temporary-folder.ts';
import { isGitMirrorError } from '../../core/error.ts';
import { followAlternates, parseAlternates } from './alternates.ts';
import { parseGrafts, readGrafts } from './graft-file.ts';
import { readLayout } from './repository-layout.ts';
import { parseShallow, readShallow } from './shallow-file.ts';

/** The object directories that git borrows from, and what it complains about. */
function askGit(repository: string): { readonly directories: readonly string[]; readonly warnings: readonly string[] } {
  const result = spawnSync('git', ['count-objects', '-v'], { cwd: repository });
  const directories = [...result.stdout.toString().matchAll(/^alternate: (.*)$/gm)].map(([, path = '']) => path);
  const warnings = result.stderr
    .toString()
    .split(/^error: /m)
    .slice(1)
    .map((text) => text.replace(/\n$/, ''));
  return { directories, warnings };
}

describe('alternates', () => {
  it('are followed in the order, and to the depth, in which git does', async () => {
    await using folder = await makeTemporaryFolder();
    const root = realpathSync(folder.path);
    const make = async (name: string, alternates: string): Promise<string> => {
      const { path } = await Repository.init(join(root, name));
      writeFileSync(join(path, 'objects', 'info', 'alternates'), alternates);
      return path;
    };
    await make('chain-7', '');
    for (let depth = 6; depth > 0; depth--) {
      await make(`chain-${String(depth)}`, `../../chain-${String(depth + 1)}/objects\n`);
    }
    await make('loop-a', `${root}/loop-b/objects\n`);
    await make('loop-b', `${root}/loop-a/objects\n${root}/loop-b/objects/\n../../end/objects`);
    await make('end', '');
    await make('line\nbreak "ü"', '');
    symlinkSync(join(root, 'end'), join(root, 'link'));
    const first = await make(
      'first',
      [
        '# comment',
        '',
        '../../chain-1/objects',
        `${root}/missing/objects`,
        `"${root}/line\\nbreak \\"\\303\\274\\"/objects"`,
        `"${root}/broken`,
        `"\\q"`,
        ` ${root}/end/objects`,
        `${root}/loop-a/objects`,
        `${root}/link/objects//`,
        `${root}/first/objects`,
        `${root}/nowhere/at/all`,
      ].join('\n'),
    );
    const ours = followAlternates(join(first, 'objects'));
    const gits = askGit(first);
    expect(ours.directories.map((path) => (path.includes('\n') ? 'quoted' : path))).toEqual(
      gits.directories.map((path) => (path.startsWith('"') ? 'quoted' : path)),
    );
    expect(ours.directories).toContain(`${root}/line\nbreak "ü"/objects`);
    expect(ours.directories).toHaveLength(10);
    expect([...ours.warnings].sort()).toEqual([...gits.warnings].sort());
  });

  it('come out of any file', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), fc.constantFrom('"', '\\', '\n', '#', '"a\\'), (bytes, text) => {
        const entries = parseAlternates(Buffer.concat([bytes, Buffer.from(text), bytes, Buffer.from(text)]));
        expect(entries.every((entry) => entry !== '' && !entry.includes('\0'))).toBe(true);
      }),
    );
  });
});

describe('shallow and grafts', () => {
  it('say where history ends', async () => {
    await using folder = await makeTemporaryFolder();
    await makeRepository(join(folder.path, 'source.git'), { commits: 6, branches: 2 });
    const clone = join(folder.path, 'clone');
    await runGit(['clone', '-q', '--depth=2', '--no-single-branch', `file://${folder.path}/source.git`, clone]);
    const boundary = await runGit(['log', '--all', '--format=%H %p'], { cwd: clone });
    const expected = boundary.split('\n').filter((line) => line.endsWith(' '));
    expect([...readShallow(readLayout(clone))].sort()).toEqual(expected.map((line) => line.trim()).sort());
    expect(readShallow(readLayout(join(folder.path, 'source.git')))).toEqual([]);
    writeFileSync(join(clone, '.git', 'shallow'), `${'AB'.repeat(20)} more\n${'ab'.repeat(20)}`);
    expect(readShallow(readLayout(clone))).toEqual(['ab'.repeat(20)]);
    writeFileSync(join(clone, '.git', 'shallow'), `${'ab'.repeat(20)}\n\n`);
    expect(() => readShallow(readLayout(clone))).toThrow(
      expect.objectContaining({ code: 'GM_CORRUPT', message: 'bad shallow line: ' }),
    );
    const { stderr } = spawnSync('git', ['log', '-1'], { cwd: clone });
    expect(stderr.toString()).toContain('fatal: bad shallow line: ');
  });

  it('give commits other parents', async () => {
    await using folder = await makeTemporaryFolder();
    const repository = await makeRepository(join(folder.path, 'source.git'), { commits: 5 });
    const commits = (await repository.git('rev-list', 'main')).split('\n');
    const [tip = '', , third = '', , root = ''] = commits;
    mkdirSync(join(repository.path, 'info'), { recursive: true });
    const lines = [
      `# comment`,
      '',
      `${tip} ${third.toUpperCase()} ${root} `,
      third,
      `${tip} ${root}`,
      `${root}  ${tip}`,
    ];
    writeFileSync(join(repository.path, 'info', 'grafts'), [...lines, `${root} xyz`, ''].join('\n'));
    const warnings: string[] = [];
    const grafts = readGrafts(readLayout(repository.path), (warning) => warnings.push(warning));
    const { stdout, stderr } = spawnSync('git', ['rev-list', '--parents', 'main'], { cwd: repository.path });
    const said = [...stderr.toString().matchAll(/^error: (.*)$/gm)].map(([, text = '']) => text.trim());
    expect(warnings).toEqual(said);
    expect(warnings).toHaveLength(3);
    const parents = new Map(
      stdout
        .toString()
        .split('\n')
        .map((line) => [line.slice(0, 40), line.slice(41)]),
    );
    expect(Array.from(grafts, ([commit, own]) => [commit, own.join(' ')])).toEqual([
      [tip, parents.get(tip)],
      [third, parents.get(third)],
    ]);
    expect(grafts.get(tip as never)).toEqual([third, root]);
  });

  it('never do worse than an error', () => {
    const oid = 'ab'.repeat(20);
    const pieces = fc.array(fc.constantFrom(oid, oid.toUpperCase(), ' ', '\n', '#', '\0', 'x', '\r', '\t', 'é'), {
      maxLength: 12,
    });
    fc.assert(
      fc.property(pieces, (parts) => {
        const bytes = Buffer.from(parts.join(''));
        for (const [commit, parents] of parseGrafts(bytes, 'sha1')) {
          expect([commit, ...parents].every((name) => name === oid)).toBe(true);
        }
        try {
          expect(parseShallow(bytes, 'sha1', 'shallow').every((name) => name === oid)).toBe(true);
        } catch (error) {
          expect(isGitMirrorError(error, 'GM_CORRUPT')).toBe(true);
        }
      }),
    );
  });
});
