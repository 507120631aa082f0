import type { ObjectFormat } from '../../src/core/object-id.ts';
import { FastImport } from '../repositories/fast-import.ts';
import { incompressibleBytes } from '../repositories/random-bytes.ts';
import { Repository } from '../repositories/repository.ts';
import { runGit } from '../repositories/run-git.ts';

/**
 * A bare repository with what makes reading packs hard: long delta chains of blobs, trees and commits, merges, an
 * octopus, two roots, nested trees, a large blob, a tag of a tag, tags of a tree and a blob, a submodule.
 */
export async function makeRichRepository(path: string, format: ObjectFormat = 'sha1'): Promise<Repository> {
  const repository = await Repository.init(path, format);
  const stream = new FastImport();
  const lines = Array.from(
    { length: 400 },
    (_, line) => `line ${String(line)} ${incompressibleBytes(12, line).toString('hex')}`,
  );
  const longText = 'A long message that is nearly the same each time, so that commits become deltas too.\n'.repeat(20);
  let tip: string | undefined;
  const side: string[] = [];
  for (let number = 0; number < 120; number += 1) {
    lines[(number * 37) % lines.length] = `changed by ${String(number)}`;
    const merge = number > 0 && number % 10 === 0 ? side.splice(0) : [];
    const ref = 'refs/heads/main';
    const before: string | undefined = tip;
    tip = stream.commit({
      ref,
      from: before,
      merge,
      message: `${longText}commit ${String(number)}`,
      files: {
        'text.txt': lines.join('\n'),
        [`a/b/c/${String(number % 9)}.txt`]: `nested ${String(number)}\n`,
        ...(number === 3 ? { 'large.bin': incompressibleBytes(700_000, 3), 'zeros.bin': Buffer.alloc(900_000) } : {}),
      },
    });
    if (before !== undefined && number % 10 >= 7) {
      side.push(
        stream.commit({ ref: 'refs/heads/side', from: before, message: 'side', files: { 'side.txt': String(number) } }),
      );
    }
  }
  stream.commit({ ref: 'refs/heads/other-root', message: '', files: { 'other.txt': 'another history\n' } });
  stream.tag('annotated', tip ?? '');
  await repository.import(stream);
  const annotated = await repository.resolve('refs/tags/annotated');
  await repository.git('tag', '-a', '-m', 'a tag of a tag', 'outer', annotated);
  await repository.git('tag', '-a', '-m', 'a tag of a tree', 'of-tree', 'main^{tree}');
  await repository.git('tag', '-a', '-m', 'a tag of a blob', 'of-blob', 'main:text.txt');
  const cwd = repository.path;
  const submodule = `160000 commit ${'12'.repeat(format === 'sha1' ? 20 : 32)}\tsub\n100755 blob ${await repository.resolve('main:text.txt')}\trun\n`;
  const tree = await runGit(['mktree', '--missing'], { cwd, input: submodule });
  const commit = await runGit(['commit-tree', '-p', 'main', '-p', 'other-root', '-m', 'with a submodule', tree], {
    cwd,
  });
  await repository.updateRef('refs/heads/submodule', commit);
  return repository;
}
