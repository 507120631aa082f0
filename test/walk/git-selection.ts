import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ObjectFilter } from '../../src/walk/object-filter.ts';
import type { Repository } from '../repositories/repository.ts';
import { runGit, runGitForBytes } from '../repositories/run-git.ts';
import type { WalkQuery } from './open-walk.ts';

/** Which objects git packs for the same query, sorted: `git pack-objects` with what git-upload-pack gives it. */
export async function gitSelection(
  repository: Repository,
  query: WalkQuery & { readonly parents?: readonly string[] },
  settings: readonly string[] = [],
): Promise<string[]> {
  const { wants, haves = [], clientShallow = [], boundary = [], unshallowed = [], filter, includeTags, thin } = query;
  const cuts = [...new Set([...clientShallow, ...boundary, ...unshallowed])];
  const shallowLines = cuts.map((oid) => `--shallow ${oid}\n`).join('');
  const parents: string[] = [];
  for (const oid of unshallowed) {
    const header = await repository.git('cat-file', '-p', oid);
    for (const [, parent = ''] of header.matchAll(/^parent (\w+)$/gm)) parents.push(parent);
  }
  const input = `${shallowLines}${[...wants, ...parents].join('\n')}\n--not\n${[...haves, ...unshallowed].join('\n')}\n\n`;
  const args = [
    ...settings.flatMap((setting) => ['-c', setting]),
    ...(cuts.length > 0 ? ['--shallow-file', ''] : []),
    'pack-objects',
    '--revs',
    '--stdout',
    '-q',
    '--no-reuse-delta',
    '--depth=0',
    ...(thin === true ? ['--thin'] : []),
    ...(cuts.length > 0 ? ['--shallow'] : []),
    ...(includeTags !== undefined ? ['--include-tag'] : []),
    ...(filter === undefined ? [] : [`--filter=${formatFilter(filter)}`]),
  ];
  const pack = await runGitForBytes(args, { cwd: repository.path, input });
  return listPack(repository, pack);
}

async function listPack(repository: Repository, pack: Buffer): Promise<string[]> {
  const folder = await mkdtemp(join(tmpdir(), 'git-mirror-walk-'));
  try {
    const path = join(folder, 'a.pack');
    await writeFile(path, pack);
    const format = await repository.git('rev-parse', '--show-object-format');
    await runGit(['index-pack', `--object-format=${format}`, path], { cwd: folder });
    const listed = await runGitForBytes(['verify-pack', '-v', `--object-format=${format}`, path], { cwd: folder });
    return Array.from(
      listed.toString().matchAll(/^([0-9a-f]{40,64}) (?:commit|tree|blob|tag)/gm),
      ([, oid = '']) => oid,
    ).sort();
  } finally {
    await rm(folder, { recursive: true });
  }
}

function formatFilter(filter: ObjectFilter): string {
  switch (filter.kind) {
    case 'blob:none':
      return 'blob:none';
    case 'blob:limit':
      return `blob:limit=${filter.maxBytes}`;
    case 'tree':
      return `tree:${filter.depth}`;
    case 'object:type':
      return `object:type=${filter.type}`;
    case 'sparse:oid':
      return `sparse:oid=${filter.rules}`;
    case 'combine':
      return `combine:${filter.filters.map((part) => encodeURIComponent(formatFilter(part))).join('+')}`;
  }
}
