import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ObjectFormat } from '../../src/core/object-id.ts';
import { git, gitWithInput } from '../git.ts';
import { historyStream, type HistoryShape } from './history.ts';

/** Repositories that are made, the same on every machine. */
export const corpusNames = ['tiny', 'medium', 'large', 'history-shallow', 'filter-heavy', 'alt-odb', 'sha256'] as const;
export type CorpusName = (typeof corpusNames)[number];

/** Where they are kept unless said otherwise. */
export const corpusFolder = join(import.meta.dirname, '..', '..', '.data', 'corpus');

/** A change of what is made needs another number, so that what is kept is made again. */
const generation = 1;

const shapes: Readonly<Record<CorpusName, HistoryShape>> = {
  tiny: { seed: 1, commits: 24, files: 30, maxLines: 200, branches: 3, tags: 4, sideEvery: 6 },
  medium: { seed: 2, commits: 2000, files: 1200, maxLines: 900, branches: 200, tags: 100, sideEvery: 9 },
  large: { seed: 3, commits: 52_000, files: 6000, maxLines: 700, branches: 4200, tags: 1200, sideEvery: 10 },
  'history-shallow': { seed: 4, commits: 6000, files: 300, maxLines: 150, branches: 20, tags: 60, sideEvery: 4 },
  'filter-heavy': {
    seed: 5,
    commits: 1500,
    files: 3000,
    maxLines: 600,
    branches: 10,
    tags: 10,
    sideEvery: 12,
    assetEvery: 4,
    assetBytes: 400_000,
  },
  'alt-odb': { seed: 6, commits: 800, files: 400, maxLines: 400, branches: 8, tags: 8, sideEvery: 8 },
  sha256: { seed: 7, commits: 800, files: 600, maxLines: 600, branches: 40, tags: 20, sideEvery: 8 },
};

/**
 * Makes the repository `name` in `folder` and returns its path. What was made before is kept. All are bare, packed as
 * `git gc` leaves them, with a bitmap and a commit-graph, and let clients filter. Beside `history-shallow` there is
 * `history-shallow-cut`, a clone of it with a depth of 50; `alt-odb` borrows most of its objects from `alt-odb-base`.
 */
export async function makeCorpus(name: CorpusName, folder: string = corpusFolder): Promise<string> {
  await mkdir(folder, { recursive: true });
  const path = join(folder, `${name}.git`);
  const stamp = join(path, 'corpus-generation');
  const made = await readFile(stamp, 'utf8').catch(() => '');
  if (made === String(generation)) return path;
  await rm(path, { recursive: true, force: true });
  const format = name === 'sha256' ? 'sha256' : 'sha1';
  if (name === 'alt-odb') await makeBorrowing(folder, path);
  else await makeHistory(path, shapes[name], format);
  if (name === 'history-shallow') await makeCut(path, join(folder, `${name}-cut.git`));
  await writeFile(stamp, String(generation));
  return path;
}

async function makeHistory(path: string, shape: HistoryShape, format: ObjectFormat): Promise<void> {
  const partial = `${path}.partial`;
  await rm(partial, { recursive: true, force: true });
  await git('init', '--quiet', '--bare', '--initial-branch=main', `--object-format=${format}`, partial);
  await gitWithInput(['--git-dir', partial, 'fast-import', '--quiet', '--done'], historyStream(shape));
  await configure(partial);
  await git('--git-dir', partial, 'update-ref', '-d', 'refs/heads/side');
  await git('--git-dir', partial, 'gc', '--quiet');
  await git('--git-dir', partial, 'commit-graph', 'write', '--reachable', '--no-progress');
  await rename(partial, path);
}

async function makeBorrowing(folder: string, path: string): Promise<void> {
  const base = join(folder, 'alt-odb-base.git');
  if (!existsSync(base)) await makeHistory(base, shapes['alt-odb'], 'sha1');
  await git('clone', '--quiet', '--bare', '--shared', base, path);
  await git('--git-dir', path, 'remote', 'remove', 'origin');
  await writeFile(join(path, 'objects', 'info', 'alternates'), '../../alt-odb-base.git/objects\n');
  // Some commits of its own, on top of what it borrows.
  const lines = Array.from({ length: 40 }, (_, index) => {
    const [message, content] = [`Own change ${index}\n`, `Own line ${index}\n`.repeat(40)];
    const from = index === 0 ? 'from refs/heads/main^0\n' : '';
    return (
      `commit refs/heads/main\ncommitter Own <own@example.com> ${1_700_000_000 + index * 60} +0000\n` +
      `data ${message.length}\n${message}\n${from}M 100644 inline own/file-${index % 5}\ndata ${content.length}\n${content}\n`
    );
  });
  await gitWithInput(
    ['--git-dir', path, 'fast-import', '--quiet', '--done'],
    (async function* () {
      yield Buffer.from(`${lines.join('')}done\n`);
    })(),
  );
  await configure(path);
  await git('--git-dir', path, 'repack', '-a', '-d', '-l', '-q');
}

async function makeCut(source: string, path: string): Promise<void> {
  await rm(path, { recursive: true, force: true });
  await git('clone', '--quiet', '--bare', '--depth=50', '--no-single-branch', `file://${source}`, path);
  await git('--git-dir', path, 'remote', 'remove', 'origin');
  await configure(path);
}

async function configure(path: string): Promise<void> {
  for (const [key, value] of [
    ['gc.auto', '0'],
    ['uploadpack.allowFilter', 'true'],
    ['uploadpack.allowAnySHA1InWant', 'true'],
  ] as const) {
    await git('--git-dir', path, 'config', key, value);
  }
}
