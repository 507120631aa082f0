import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ObjectFormat, ObjectId } from '../../src/core/object-id.ts';
import { openKernel } from '../../src/kernel/open-kernel.ts';
import { PackCaches } from '../../src/pack/packed-object-reader.ts';
import type { GitConfig } from '../../src/repository/git-config.ts';
import { openObjectDatabase } from '../../src/repository/open-object-database.ts';
import type { ObjectDatabase } from '../../src/repository/object-database.ts';
import type { RefStore } from '../../src/repository/ref-store.ts';
import type { Repository as WalkedRepository } from '../../src/repository/repository.ts';
import { CommitTable } from '../../src/walk/commit-table.ts';
import type { ObjectFilter } from '../../src/walk/object-filter.ts';
import type { ObjectSelection } from '../../src/walk/object-selection.ts';
import { selectObjects } from '../../src/walk/select-objects.ts';
import type { Repository } from '../repositories/repository.ts';

/** A selection in object names, for comparison with what git says. */
export interface WalkQuery {
  readonly wants: readonly string[];
  readonly haves?: readonly string[] | undefined;
  readonly clientShallow?: readonly string[] | undefined;
  readonly boundary?: readonly string[] | undefined;
  readonly unshallowed?: readonly string[] | undefined;
  readonly filter?: ObjectFilter | undefined;
  readonly includeTags?: readonly string[] | undefined;
  readonly thin?: boolean | undefined;
}

/** A repository as the walk sees it, straight on its object database. */
export interface OpenWalk extends Disposable {
  readonly objects: ObjectDatabase;
  readonly repository: WalkedRepository;
  readonly table: CommitTable;
  number(oid: string): number;
  oids(numbers: Iterable<number>): string[];
  select(query: WalkQuery): Promise<ObjectSelection>;
}

export interface OpenWalkOptions {
  readonly format?: ObjectFormat | undefined;
  readonly config?: Readonly<Record<string, string>> | undefined;
  readonly isPartial?: boolean | undefined;
  readonly kind?: 'wasm' | 'plain' | undefined;
  /** Default true. */
  readonly useBitmaps?: boolean | undefined;
}

export async function openWalk(made: Repository, options: OpenWalkOptions = {}): Promise<OpenWalk> {
  const { format = 'sha1', config = {}, isPartial, kind, useBitmaps } = options;
  const caches = new PackCaches(openKernel(kind === undefined ? {} : { kind }), 32 * 1024 * 1024);
  const objects = openObjectDatabase({
    objectDirectories: [join(made.path, 'objects')],
    format,
    caches,
    isPartial,
    useBitmaps,
  });
  const refs = await made.refs();
  const repository: WalkedRepository = {
    gitDir: made.path,
    commonDir: made.path,
    isBare: true,
    format,
    config: new FixedConfig(config),
    refs: fixedRefs(refs),
    objects,
    shallow: (await linesOf(join(made.path, 'shallow'))) as ObjectId[],
    grafts: new Map(
      (await linesOf(join(made.path, 'info/grafts'))).map((line): [ObjectId, ObjectId[]] => {
        const [commit = '', ...parents] = line.split(' ');
        return [commit as ObjectId, parents as ObjectId[]];
      }),
    ),
  };
  const table = new CommitTable(objects, repository.grafts);
  const number = (oid: string): number => {
    const found = objects.numberOf(oid as ObjectId);
    if (found < 0) throw new Error(`${oid} is not in ${made.path}`);
    return found;
  };
  const numbers = (oids: readonly string[] = []): number[] => oids.map(number);
  return {
    objects,
    repository,
    table,
    number,
    oids: (found) => Array.from(found, (one) => objects.oidOf(one)),
    select: (query) =>
      selectObjects(
        repository,
        table,
        {
          wants: numbers(query.wants),
          haves: numbers(query.haves),
          clientShallow: numbers(query.clientShallow),
          boundary: numbers(query.boundary),
          unshallowed: numbers(query.unshallowed),
          filter: query.filter,
          includeTags: numbers(query.includeTags),
          thin: query.thin ?? false,
        },
        { signal: new AbortController().signal },
      ),
    [Symbol.dispose]: () => {
      objects.close();
      caches.release();
    },
  };
}

class FixedConfig implements GitConfig {
  readonly version = '1';
  readonly #values: Readonly<Record<string, string>>;

  constructor(values: Readonly<Record<string, string>>) {
    this.#values = values;
  }

  get(key: string): string | undefined {
    return this.#values[key];
  }

  getAll(key: string): readonly string[] {
    const value = this.#values[key];
    return value === undefined ? [] : [value];
  }

  getBoolean(key: string): boolean | undefined {
    const value = this.#values[key];
    return value === undefined ? undefined : value === 'true';
  }

  getInteger(key: string): number | undefined {
    const value = this.#values[key];
    return value === undefined ? undefined : Number(value);
  }

  subsections(): readonly string[] {
    return [];
  }

  entries(prefix: string): Iterable<readonly [key: string, value: string | undefined]> {
    return Object.entries(this.#values).filter(([key]) => key.startsWith(prefix));
  }

  getProtected(): string | undefined {
    return undefined;
  }
}

function fixedRefs(refs: ReadonlyMap<string, string>): RefStore {
  return {
    head: () => undefined,
    find: (name) => {
      const oid = refs.get(name);
      return oid === undefined ? undefined : { name, oid: oid as ObjectId };
    },
    list: () => [],
    version: () => '1',
  };
}

async function linesOf(path: string): Promise<string[]> {
  try {
    return (await readFile(path, 'utf8')).split('\n').filter((line) => line !== '');
  } catch {
    return [];
  }
}
