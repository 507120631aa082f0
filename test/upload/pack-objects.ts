import { hash } from 'node:crypto';
import { appendFile, mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { rawLength, type ObjectFormat } from '../../src/core/object-id.ts';
import { runGit } from '../repositories/run-git.ts';

/** Has real git check packs that were made from one repository, thin ones too, and list what is in them. */
export class PackLister {
  readonly #path: string;
  readonly #format: ObjectFormat;
  /** What was listed before, by digest of the pack: most requests come several times. */
  readonly #listed = new Map<string, readonly string[]>();

  private constructor(path: string, format: ObjectFormat) {
    this.#path = path;
    this.#format = format;
  }

  /** @param path - for a scratch repository, which borrows the objects of `source`. */
  static async create(path: string, source: string, format: ObjectFormat): Promise<PackLister> {
    await runGit(['init', '-q', '--bare', `--object-format=${format}`, path]);
    await mkdir(join(path, 'objects', 'info'), { recursive: true });
    await appendFile(join(path, 'objects', 'info', 'alternates'), `${source}/objects\n`);
    return new PackLister(path, format);
  }

  /** Names of the objects in `pack`, sorted; those that `--fix-thin` adds are left out. */
  async list(pack: Uint8Array): Promise<readonly string[]> {
    if (Buffer.from(pack).readUInt32BE(8) === 0) return [];
    const key = hash('sha1', pack);
    const known = this.#listed.get(key) ?? (await this.#list(pack));
    this.#listed.set(key, known);
    return known;
  }

  async #list(pack: Uint8Array): Promise<readonly string[]> {
    await runGit(['index-pack', '--stdin', '--fix-thin'], { cwd: this.#path, input: pack });
    const folder = join(this.#path, 'objects', 'pack');
    const names = await readdir(folder);
    const index = names.find((name) => name.endsWith('.idx'));
    if (index === undefined) throw new Error('index-pack left no index');
    const listing = await runGit(['verify-pack', '-v', join(folder, index)], { cwd: this.#path });
    await Promise.all(names.map((name) => rm(join(folder, name))));
    const end = pack.length - rawLength(this.#format);
    const oids: string[] = [];
    for (const line of listing.split('\n')) {
      const [, oid, offset] = /^([0-9a-f]{40,64}) \w+ +\d+ \d+ (\d+)/.exec(line) ?? [];
      if (oid !== undefined && Number(offset) < end) oids.push(oid);
    }
    return oids.sort();
  }
}
