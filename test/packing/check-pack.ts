import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { expect } from 'vitest';
import type { ObjectFormat } from '../../src/core/object-id.ts';
import { packEvent, PackScanner } from '../../src/pack/pack-scanner.ts';
import type { ListedRevisions } from '../repositories/list-selection.ts';
import { Repository } from '../repositories/repository.ts';
import { runGit, runGitForBytes } from '../repositories/run-git.ts';
import type { MadePack } from './make-pack.ts';

/** What git found. */
export interface CheckedPack {
  /** Depth of each delta that `git verify-pack` knows of. */
  readonly depths: readonly number[];
}

/** Has git take the pack into a new repository, with `haves` of `source` in it already, and look at all of it. */
export async function checkPack(
  clientPath: string,
  source: Repository,
  pack: MadePack,
  haves: readonly string[] = [],
): Promise<CheckedPack> {
  const format = (await source.git('rev-parse', '--show-object-format')) as ObjectFormat;
  const client = await Repository.init(clientPath, format);
  if (haves.length > 0) {
    const had = await runGitForBytes(['pack-objects', '--revs', '--stdout', '-q'], {
      cwd: source.path,
      input: `${haves.join('\n')}\n`,
    });
    await runGit(['index-pack', '--stdin'], { cwd: client.path, input: had });
  }
  const thin = haves.length > 0 ? ['--fix-thin'] : [];
  const answer = await runGit(['index-pack', '--strict', '--stdin', ...thin], { cwd: client.path, input: pack.bytes });
  const name = answer.split('\t')[1] ?? '';
  const path = join(client.path, 'objects/pack', `pack-${name}.pack`);
  const listing = (await client.git('verify-pack', '-v', path)).split('\n');
  const entries = listing.map((line) => line.split(/ +/)).filter(([oid = '']) => /^[0-9a-f]{40,64}$/.test(oid));
  const received = new Set(entries.map(([oid]) => oid));
  for (const oid of pack.oids) expect(received.has(oid)).toBe(true);
  if (haves.length === 0) expect(received.size).toBe(pack.oids.length);
  await client.git('fsck', '--strict');
  return { depths: entries.map((entry) => Number(entry[5] ?? 0)) };
}

/** Bytes of the pack that git makes of the same. */
export async function gitPackBytes(
  repository: Repository,
  { wants, haves = [] }: ListedRevisions,
  flags: readonly string[] = ['--delta-base-offset'],
): Promise<number> {
  const input = [...wants, ...haves.map((have) => `^${have}`)].join('\n');
  const pack = await runGitForBytes(['pack-objects', '--revs', '--stdout', '-q', ...flags], {
    cwd: repository.path,
    input: `${input}\n`,
  });
  return pack.length;
}

/** The numbers that git prints about a pack. */
export interface GitCounts {
  /** Of `Compressing objects: 100% (7/7)`; 0 without. */
  readonly compressing: number;
  readonly total: string;
}

/** What git says when it packs the same. */
export async function gitCounts(
  repository: Repository,
  { wants, haves = [] }: ListedRevisions,
  flags: string,
): Promise<GitCounts> {
  const input = [...wants, ...haves.map((have) => `^${have}`)].join('\n');
  const script = `git pack-objects --revs --stdout --progress ${flags} 2>&1 >/dev/null`;
  const text = await new Promise<string>((resolve, reject) => {
    const child = execFile('sh', ['-c', script], { cwd: repository.path }, (error, output) => {
      if (error === null) resolve(output);
      else reject(new Error(output, { cause: error }));
    });
    child.stdin?.end(`${input}\n`);
  });
  return {
    compressing: Number(/Compressing objects: 100% \((\d+)\//.exec(text)?.[1] ?? 0),
    total: /Total .*/.exec(text)?.[0] ?? '',
  };
}

/** The same for ours. */
export function countsOf({ statistics, progress }: MadePack): GitCounts {
  const { objects, deltas, reused, reusedDeltas, packReused } = statistics;
  return {
    compressing: progress.find(({ phase }) => phase === 'compressing')?.total ?? 0,
    total: `Total ${String(objects)} (delta ${String(deltas)}), reused ${String(reused)} (delta ${String(reusedDeltas)}), pack-reused ${String(packReused)}`,
  };
}

/** Types of the entries of a pack. */
export function entryTypes(bytes: Buffer): Set<number> {
  const types = new Set<number>();
  const scanner = new PackScanner('sha1');
  scanner.feed(bytes);
  for (let event = scanner.next(); event !== packEvent.end; event = scanner.next()) {
    if (event === packEvent.entry) types.add(scanner.entry.type);
    else if (event === packEvent.needInput) scanner.finish();
  }
  return types;
}
