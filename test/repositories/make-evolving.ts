import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { ObjectFormat } from '../../src/core/object-id.ts';
import { FastImport } from './fast-import.ts';
import { Repository } from './repository.ts';
import { runGit, runGitForBytes } from './run-git.ts';

/** Text of many lines of which each version changes some. */
function textOf(file: number, version: number): string {
  return Array.from({ length: 120 }, (_, line) => {
    const age = (line * 7 + file) % 23 === version % 23 ? version : Math.floor(version / 23);
    return `file ${String(file)} line ${String(line)} of age ${String(age)} ${String((line * 7919 + file * 31) % 1009)}\n`;
  }).join('');
}

/** A bare repository whose files change a little with each commit of `main`: what deltas are good for. All is loose. */
export async function makeEvolving(path: string, commits: number, format: ObjectFormat = 'sha1'): Promise<Repository> {
  const repository = await Repository.init(path, format);
  await repository.configure('fastimport.unpackLimit', '100000');
  await evolve(repository, 1, commits);
  return repository;
}

/** Adds the commits of versions `from` to `to`. */
export async function evolve(repository: Repository, from: number, to: number): Promise<void> {
  const stream = new FastImport(from * 10);
  let tip = await repository.tip('refs/heads/main');
  for (let version = from; version <= to; version += 1) {
    const files: Record<string, string> = {};
    for (let file = 0; file < 4; file += 1) {
      const number = (version * 3 + file * 5) % 17;
      files[`src/part-${String(number % 3)}/file-${String(number)}.txt`] = textOf(number, version);
    }
    tip = stream.commit({ ref: 'refs/heads/main', from: tip, files, message: `version ${String(version)}` });
  }
  await repository.import(stream);
}

/** Makes every object loose. */
export async function unpackAll(repository: Repository): Promise<void> {
  const all = await runGitForBytes(['pack-objects', '--all', '--stdout', '-q'], { cwd: repository.path });
  await rm(join(repository.path, 'objects/pack'), { recursive: true });
  await mkdir(join(repository.path, 'objects/pack'));
  await runGit(['unpack-objects', '-q'], { cwd: repository.path, input: all });
}
