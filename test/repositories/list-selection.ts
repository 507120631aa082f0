import type { ObjectId } from '../../src/core/object-id.ts';
import { objectTypeNumber } from '../../src/objects/object-type.ts';
import type { ObjectDatabase } from '../../src/repository/object-database.ts';
import type { ObjectSelection } from '../../src/walk/object-selection.ts';
import { runGit } from './run-git.ts';

/** What is to be selected: names of revisions. */
export interface ListedRevisions {
  readonly wants: readonly string[];
  readonly haves?: readonly string[] | undefined;
}

interface ListedObject {
  readonly oid: string;
  readonly path: string;
}

/** What `git rev-list --objects` selects in the repository at `path`, with the objects' numbers in `objects`. */
export async function listSelection(
  path: string,
  objects: ObjectDatabase,
  { wants, haves = [] }: ListedRevisions,
): Promise<ObjectSelection> {
  const revisions = [...wants, ...haves.map((have) => `^${have}`)].join('\n');
  const listing = await runGit(['rev-list', '--objects-edge', '--stdin'], { cwd: path, input: `${revisions}\n` });
  const lines = listing.split('\n').filter((line) => line !== '');
  const selected = lines.filter((line) => !line.startsWith('-')).map(parseLine);
  const edges = lines.filter((line) => line.startsWith('-')).map((line) => line.slice(1));
  const bases: ListedObject[] = [];
  for (const edge of edges) {
    bases.push({ oid: await runGit(['rev-parse', `${edge}^{tree}`], { cwd: path }), path: '' });
    const tree = await runGit(['ls-tree', '-r', '-t', '--format=%(objectname) %(path)', edge], { cwd: path });
    bases.push(
      ...tree
        .split('\n')
        .filter((line) => line !== '')
        .map(parseLine),
    );
  }
  // Only what lies at the path of something selected is likely to resemble it; commits of submodules are not here.
  const paths = new Set(selected.map((object) => object.path));
  const wanted = new Set(selected.map(({ oid }) => oid));
  const uniqueBases = [...new Map(bases.map((base) => [base.oid, base])).values()].filter(
    (base) => !wanted.has(base.oid) && paths.has(base.path) && objects.numberOf(base.oid as ObjectId) >= 0,
  );
  const known = new Set<number>();
  if (haves.length > 0) {
    const had = await runGit(['rev-list', '--objects', '--stdin'], { cwd: path, input: `${haves.join('\n')}\n` });
    for (const line of had.split('\n')) known.add(objects.numberOf(parseLine(line).oid as ObjectId));
  }
  return {
    count: selected.length,
    ...describe(objects, selected),
    bases: describe(objects, uniqueBases),
    clientHas: (number) => known.has(number),
  };
}

/** A selection of the objects with these names, all without a path. */
export function selectNamed(objects: ObjectDatabase, oids: readonly string[]): ObjectSelection {
  return {
    count: oids.length,
    ...describe(
      objects,
      oids.map((oid) => ({ oid, path: '' })),
    ),
    bases: describe(objects, []),
    clientHas: () => false,
  };
}

function describe(
  objects: ObjectDatabase,
  listed: readonly ListedObject[],
): Pick<ObjectSelection, 'numbers' | 'types' | 'nameHashes'> {
  const numbers = Uint32Array.from(listed, ({ oid }) => objects.numberOf(oid as ObjectId));
  return {
    numbers,
    types: Uint8Array.from(numbers, (number) => objectTypeNumber(objects.typeOf(number))),
    nameHashes: Uint32Array.from(listed, (object) => nameHash(object.path)),
  };
}

function parseLine(line: string): ListedObject {
  const [oid = ''] = line.split(' ', 1);
  return { oid, path: line.slice(oid.length + 1) };
}

/** Git's name hash of a path: what its last bytes are, mostly. */
export function nameHash(path: string): number {
  let hash = 0;
  for (const byte of Buffer.from(path)) {
    if (byte === 32 || (byte >= 9 && byte <= 13)) continue;
    hash = ((hash >>> 2) + (byte << 24)) >>> 0;
  }
  return hash;
}
