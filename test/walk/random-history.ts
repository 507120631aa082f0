import type { ObjectFormat } from '../../src/core/object-id.ts';
import { Repository } from '../repositories/repository.ts';
import { runGit } from '../repositories/run-git.ts';

/** Numbers from 0 up to 1 that a seed determines (mulberry32). */
export function randomNumbers(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** A made history: its repository, the names of its commits, oldest first, and those of some annotated tags. */
export interface RandomHistory {
  readonly repository: Repository;
  readonly commits: readonly string[];
  /** Tags of commits, of a tag, of a tree and of a blob. */
  readonly tags: readonly string[];
}

const folders = ['', 'a/', 'b/', 'a/c/', 'b/c/d/'];

/**
 * A repository whose commits have random parents: several roots, merges of up to four, criss-cross; in its few folders
 * files and whole folders are changed, copied, moved and deleted, a submodule among them. Commit times mostly rise; some
 * clocks are wrong.
 */
export async function makeRandomHistory(
  path: string,
  seed: number,
  { commits = 40, format }: { readonly commits?: number; readonly format?: ObjectFormat | undefined } = {},
): Promise<RandomHistory> {
  const random = randomNumbers(seed);
  const below = (limit: number): number => Math.floor(random() * limit);
  const pick = <Item>(items: readonly Item[]): Item | undefined => items[below(items.length)];
  const repository = await Repository.init(path, format);
  const stream: string[] = [];
  const submodule = '5'.repeat(format === 'sha256' ? 64 : 40);
  const trees: ReadonlyMap<string, string>[] = [new Map()];
  for (let number = 1; number <= commits; number++) {
    const time = 1_700_000_000 + number * 10 + (below(10) === 0 ? below(4000) - 2000 : 0);
    const parents = pickParents(number, below);
    stream.push(
      `commit refs/heads/b${number}\nmark :${number}\ncommitter C <c@example.com> ${time} +0000\ndata 2\nx\n\n`,
    );
    for (const [index, parent] of parents.entries()) stream.push(`${index === 0 ? 'from' : 'merge'} :${parent}\n`);
    const files = new Map(trees[parents[0] ?? 0]);
    for (let change = below(3) + (files.size === 0 ? 4 : 0); change > 0; change--) {
      const kind = below(12);
      const target = `${pick(folders) ?? ''}f${below(6)}`;
      const existing = pick([...files.keys()]);
      if (kind < 6 || existing === undefined) {
        files.set(target, `content ${below(60)}\n${'line of text\n'.repeat(below(20))}`);
      } else if (kind < 8) files.delete(existing);
      else if (kind < 9) files.set(target, files.get(existing) ?? '');
      else if (kind < 11) copyFolder(files, pick(folders) ?? '', `copy${below(3)}/`);
      else files.set(`sub${below(2)}`, 'submodule');
    }
    stream.push('deleteall\n');
    for (const [name, content] of files) {
      if (content === 'submodule') stream.push(`M 160000 ${submodule} ${name}\n`);
      else stream.push(`M 100644 inline ${name}\ndata ${content.length}\n${content}\n`);
    }
    trees.push(files);
  }
  stream.push('done\n');
  await runGit(['-c', 'fastimport.unpackLimit=0', 'fast-import', '--quiet', '--force', '--done'], {
    cwd: path,
    input: stream.join(''),
  });
  const refs = await repository.refs();
  const names = Array.from({ length: commits }, (_, index) => refs.get(`refs/heads/b${index + 1}`) ?? '');
  return { repository, commits: names, tags: await makeTags(repository, names) };
}

function pickParents(number: number, below: (limit: number) => number): number[] {
  const parents: number[] = [];
  if (number === 1 || below(15) === 0) return parents;
  const count = below(4) === 0 ? 2 + below(3) : 1;
  for (let index = 0; index < count; index++) {
    const parent = Math.max(1, number - 1 - below(below(3) === 0 ? number : 4));
    if (!parents.includes(parent)) parents.push(parent);
  }
  return parents;
}

function copyFolder(files: Map<string, string>, from: string, to: string): void {
  for (const [name, content] of [...files]) {
    if (name.startsWith(from) && !name.startsWith('copy')) files.set(to + name.slice(from.length), content);
  }
}

async function makeTags(repository: Repository, commits: readonly string[]): Promise<string[]> {
  const middle = commits[commits.length >> 1] ?? '';
  const tag = async (name: string, target: string): Promise<void> => {
    await repository.git('-c', 'user.name=T', '-c', 'user.email=t@example.com', 'tag', '-a', '-m', 'x', name, target);
  };
  await tag('of-commit', middle);
  await tag('of-tag', 'of-commit');
  await tag('of-tree', `${middle}^{tree}`);
  const [blob = ''] = (await repository.git('ls-tree', '-r', '--format=%(objecttype) %(objectname)', middle))
    .split('\n')
    .filter((line) => line.startsWith('blob'))
    .map((line) => line.slice(5));
  if (blob !== '') await tag('of-blob', blob);
  const refs = await repository.refs();
  return [...refs].filter(([name]) => name.startsWith('refs/tags/')).map(([, oid]) => oid);
}
