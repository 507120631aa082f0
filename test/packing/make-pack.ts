import { join } from 'node:path';
import type { ObjectFormat } from '../../src/core/object-id.ts';
import { openKernel } from '../../src/kernel/open-kernel.ts';
import { PackCaches } from '../../src/pack/packed-object-reader.ts';
import { LocalDeltaSearcher } from '../../src/packing/local-delta-searcher.ts';
import type { PackProgress, PackRequest, PackStatistics } from '../../src/packing/pack-request.ts';
import { defaultPackSettings, type PackSettings } from '../../src/packing/pack-settings.ts';
import { writePack } from '../../src/packing/write-pack.ts';
import { openObjectDatabase, type FileObjectDatabase } from '../../src/repository/open-object-database.ts';
import { listSelection, selectNamed, type ListedRevisions } from '../repositories/list-selection.ts';
import type { Repository } from '../repositories/repository.ts';

const caches = new PackCaches(openKernel(), 16 * 1024 * 1024);

/** Opens the objects of a bare repository without alternates, with the caches of this thread or others. */
export async function openObjects(repository: Repository, own: PackCaches = caches): Promise<FileObjectDatabase> {
  const format = (await repository.git('rev-parse', '--show-object-format')) as ObjectFormat;
  return openObjectDatabase({ objectDirectories: [join(repository.path, 'objects')], format, caches: own });
}

/** Parts of a request that are not as usual. */
export interface PackOptions extends Partial<Omit<PackRequest, 'settings'>> {
  readonly settings?: Partial<PackSettings>;
}

/** A pack of ours. */
export interface MadePack {
  readonly bytes: Buffer;
  readonly statistics: PackStatistics;
  readonly progress: readonly PackProgress[];
  readonly oids: readonly string[];
}

/** Packs what git lists for `revisions`, or what is named, with a sink that makes the writer wait now and then. */
export async function makePack(
  repository: Repository,
  revisions: ListedRevisions | readonly string[],
  { settings, ...options }: PackOptions = {},
): Promise<MadePack> {
  const objects = await openObjects(repository);
  try {
    const selection =
      'wants' in revisions ? await listSelection(repository.path, objects, revisions) : selectNamed(objects, revisions);
    const pieces: Buffer[] = [];
    const progress: PackProgress[] = [];
    const statistics = await writePack({
      objects,
      selection,
      settings: { ...defaultPackSettings, ...settings },
      ofsDelta: true,
      thin: false,
      searcher: new LocalDeltaSearcher(),
      sink: {
        write: (bytes) => {
          pieces.push(Buffer.from(bytes));
          return pieces.length % 2 === 0 ? Promise.resolve() : undefined;
        },
      },
      signal: new AbortController().signal,
      onProgress: (step) => progress.push(step),
      ...options,
    });
    const bytes = Buffer.concat(pieces);
    return { bytes, statistics, progress, oids: Array.from(selection.numbers, (number) => objects.oidOf(number)) };
  } finally {
    objects.close();
  }
}
