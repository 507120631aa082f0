import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { ObjectFormat } from '../../src/core/object-id.ts';
import { FastImport } from '../repositories/fast-import.ts';
import { Repository } from '../repositories/repository.ts';

/** Settings of a served repository, as `git config` takes them. */
export type Settings = Readonly<Record<string, string>>;

/** Makes an empty bare repository `name`.git below `root`. */
export async function makeEmpty(
  root: string,
  format: ObjectFormat,
  settings: Settings = {},
  name = 'repo',
): Promise<Repository> {
  const repository = await Repository.init(join(root, `${name}.git`), format);
  for (const entry of ['hooks', 'info', 'description']) {
    await rm(join(repository.path, entry), { recursive: true, force: true });
  }
  for (const [key, value] of Object.entries({ 'gc.auto': '0', ...settings })) await repository.configure(key, value);
  return repository;
}

/**
 * Makes the repository that most scenarios use: 12 commits on `main`, two of them merges, in four folders with files that
 * grow, one of 6 KB; branches `topic` and `old/base`; tags of every kind, among them one of a tag and one of a tree.
 */
export async function makeStandard(
  root: string,
  format: ObjectFormat,
  settings: Settings = {},
  name = 'repo',
): Promise<Repository> {
  const repository = await makeEmpty(root, format, settings, name);
  const stream = new FastImport();
  const main = 'refs/heads/main';
  let tip: string | undefined;
  for (let number = 1; number <= 12; number += 1) {
    const merge: string[] = [];
    if (number % 5 === 0 && tip !== undefined) {
      merge.push(
        stream.commit({
          ref: main,
          from: tip,
          message: `side ${number}`,
          files: { [`side/${number}.txt`]: lines(number) },
        }),
      );
    }
    tip = stream.commit({ ref: main, from: tip, merge, message: `commit ${number}`, files: filesOf(number) });
    if (number === 4) stream.reset('refs/heads/old/base', tip);
    if (number === 6) stream.tag('v1', tip);
    if (number === 7) stream.reset('refs/tags/light', tip);
    if (number === 8) {
      stream.commit({ ref: 'refs/heads/topic', from: tip, message: 'topic 1', files: { 'topic.txt': lines(20) } });
      stream.commit({ ref: 'refs/heads/topic', from: ':10', message: 'topic 2', files: { 'topic.txt': lines(24) } });
    }
  }
  if (tip !== undefined) stream.tag('v2', tip);
  await repository.import(stream);
  const env = { GIT_COMMITTER_DATE: '1700001000 +0000', GIT_COMMITTER_NAME: 'C', GIT_COMMITTER_EMAIL: 'c@example.com' };
  const { runGit } = await import('../repositories/run-git.ts');
  await runGit(['tag', '-a', '-m', 'a tag of a tag', 'nested', 'v1'], { cwd: repository.path, env });
  await repository.updateRef('refs/tags/a-tree', await repository.resolve('main^{tree}'));
  return repository;
}

function filesOf(number: number): Readonly<Record<string, string>> {
  return {
    'README.md': `Read me, ${number}\n`,
    [`src/part-${number % 3}/code.txt`]: lines(30 + number * 3),
    ...(number % 4 === 1 ? { 'docs/manual.txt': lines(150 + number * 5) } : {}),
    ...(number === 3 ? { 'assets/large.bin': Buffer.alloc(6000, 'large asset ').toString() } : {}),
  };
}

/** So many lines that no two numbers share all of. */
function lines(count: number): string {
  return Array.from({ length: count }, (_, index) => `line ${index} ${(index * 2654435761) % 997}\n`).join('');
}

/** Makes a repository with a straight `main` of so many commits, each of which adds one small file. */
export async function makeLine(
  root: string,
  format: ObjectFormat,
  commits: number,
  settings: Settings = {},
  name = 'repo',
): Promise<Repository> {
  const repository = await makeEmpty(root, format, settings, name);
  const stream = new FastImport();
  let tip: string | undefined;
  for (let number = 1; number <= commits; number += 1) {
    const files = { [`f${number % 10}/${number}.txt`]: `file ${number}\n` };
    tip = stream.commit({ ref: 'refs/heads/main', from: tip, message: `commit ${number}`, files });
  }
  await repository.import(stream);
  return repository;
}
