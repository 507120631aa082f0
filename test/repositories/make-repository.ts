import type { ObjectFormat } from '../../src/core/object-id.ts';
import { FastImport } from './fast-import.ts';
import { incompressibleBytes } from './random-bytes.ts';
import { Repository } from './repository.ts';

/** What a made repository looks like. */
export interface RepositoryShape {
  readonly format?: ObjectFormat | undefined;
  /** Commits on the first-parent line of `main`. Default 3; 0 leaves the repository empty. */
  readonly commits?: number | undefined;
  /** Branches `topic-1` … besides `main`, each with one commit of its own on top of an older one of `main`. Default 0. */
  readonly branches?: number | undefined;
  /** Tags `v1` … on commits of `main`; those with odd numbers are annotated. Default 0. */
  readonly tags?: number | undefined;
  /** Every so many commits of `main`, one merges a side line of `mergeLength` commits. Default: none. */
  readonly mergeEvery?: number | undefined;
  /** Commits on each side line. Default 2. */
  readonly mergeLength?: number | undefined;
  /** Bytes, not compressible, of the file that each commit adds. Default: a short text. */
  readonly fileBytes?: number | undefined;
  /** Tells repositories of the same shape apart. Default 1. */
  readonly seed?: number | undefined;
}

/** Makes a bare repository at `path`. The same shape gives the same object names, on every machine. */
export async function makeRepository(path: string, shape: RepositoryShape = {}): Promise<Repository> {
  const { format, commits = 3, branches = 0, tags = 0, mergeEvery, mergeLength = 2, fileBytes, seed = 1 } = shape;
  const repository = await Repository.init(path, format);
  if (commits === 0) return repository;
  const stream = new FastImport();
  let serial = 0;
  const files = (): Record<string, string | Uint8Array> => {
    serial += 1;
    const name = `files/${String(serial % 7)}/${String(serial)}.bin`;
    const text = `file ${String(serial)} of ${String(seed)}\n`;
    return { [name]: fileBytes === undefined ? text : incompressibleBytes(fileBytes, seed * 100_003 + serial) };
  };
  const line: string[] = [];
  for (let number = 1; number <= commits; number += 1) {
    const from = line.at(-1);
    const merge: string[] = [];
    if (mergeEvery !== undefined && number % mergeEvery === 0 && from !== undefined) {
      let side = from;
      for (let step = 0; step < mergeLength; step += 1) {
        side = stream.commit({ ref: 'refs/heads/main', from: side, message: `side ${String(number)}`, files: files() });
      }
      merge.push(side);
    }
    line.push(
      stream.commit({ ref: 'refs/heads/main', from, merge, message: `commit ${String(number)}`, files: files() }),
    );
  }
  for (let number = 1; number <= branches; number += 1) {
    const from = line[(number * 3) % line.length];
    stream.commit({ ref: `refs/heads/topic-${String(number)}`, from, message: 'topic', files: files() });
  }
  for (let number = 1; number <= tags; number += 1) {
    const target = line[number % line.length] ?? ':1';
    if (number % 2 === 1) stream.tag(`v${String(number)}`, target);
    else stream.reset(`refs/tags/v${String(number)}`, target);
  }
  await repository.import(stream);
  return repository;
}
