import { createReadStream } from 'node:fs';
import { readFile, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makeRichRepository } from '../../test/packs/rich-repository.ts';
import type { Repository } from '../../test/repositories/repository.ts';
import { runGit, runGitForBytes } from '../../test/repositories/run-git.ts';
import { makeTemporaryFolder, type TemporaryFolder } from '../../test/repositories/temporary-folder.ts';
import { streamOf, type ByteStream } from '../core/byte-stream.ts';
import type { ObjectFormat, ObjectId } from '../core/object-id.ts';
import { fetchDumb } from './dumb-http.ts';
import { parseDumbHead, parseDumbRefs, readDumbRefs, type DumbSource } from './dumb-refs.ts';
import { openObjectStore, type ObjectStore } from './object-store.ts';
import { PackIndexFile } from './pack-index-file.ts';

const oid = (text: string): ObjectId => text as ObjectId;
let folder: TemporaryFolder;
beforeAll(async () => {
  folder = await makeTemporaryFolder();
});
afterAll(async () => {
  await folder[Symbol.asyncDispose]();
});

/** A static server without the network: files below `root`, seen from the repository at `path`. */
class Files implements DumbSource {
  readonly asked: string[] = [];
  readonly #root: string;
  readonly #path: string;
  readonly #damage: ReadonlyMap<RegExp, (bytes: Buffer) => Buffer>;

  constructor(root: string, path: string, damage: ReadonlyMap<RegExp, (bytes: Buffer) => Buffer> = new Map()) {
    this.#root = root;
    this.#path = path;
    this.#damage = damage;
  }

  async get(path: string): Promise<ByteStream | undefined> {
    this.asked.push(path);
    const file = path.startsWith('/') ? join(this.#root, path) : resolve(join(this.#root, this.#path), path);
    if (!file.startsWith(this.#root)) throw new Error(`${path} leads out of the server`);
    const isFile = await stat(file).then(
      (found) => found.isFile(),
      () => false,
    );
    if (!isFile) return undefined;
    for (const [pattern, change] of this.#damage) {
      if (pattern.test(path)) return streamOf(change(await readFile(file)));
    }
    return createReadStream(file, { highWaterMark: 5000 });
  }
}

async function withStore<Result>(format: ObjectFormat, use: (store: ObjectStore) => Promise<Result>): Promise<Result> {
  const store = openObjectStore({ dir: folder.path, format });
  try {
    return await use(store);
  } finally {
    await store.close();
  }
}

async function cloneOf(repository: Repository, name: string, ...options: string[]): Promise<string> {
  const path = join(folder.path, name);
  await runGit(['clone', '-q', '--mirror', '--no-local', ...options, repository.path, path]);
  await runGit(['update-server-info'], { cwd: path });
  return path;
}

async function unpack(path: string): Promise<void> {
  for (const file of await readdir(join(path, 'objects/pack'))) {
    const from = join(path, 'objects/pack', file);
    const bytes = await readFile(from);
    await rm(from, { force: true });
    if (file.endsWith('.pack')) await runGit(['unpack-objects', '-q'], { cwd: path, input: bytes });
  }
  await runGit(['update-server-info'], { cwd: path });
}

describe.each(['sha1', 'sha256'] as const)('a %s repository on a static server', (format) => {
  let repository: Repository;
  let objects: string[];
  const name = (kind: string): string => `${kind}-${format}.git`;

  beforeAll(async () => {
    repository = await makeRichRepository(join(folder.path, name('origin')), format);
    objects = (await repository.git('rev-list', '--objects', '--no-object-names', '--all')).split('\n');
    await cloneOf(repository, name('packed'));
    await unpack(await cloneOf(repository, name('loose')));
    const two = await cloneOf(repository, name('two-packs'), '--single-branch', '--branch', 'main');
    // One pack with the past and one with what is new, and a few loose objects on top.
    await unpack(two);
    const past = await runGitForBytes(['pack-objects', '--revs', '--stdout', '-q'], { cwd: two, input: 'main~30\n' });
    await runGit(['index-pack', '--stdin'], { cwd: two, input: past });
    const next = await runGitForBytes(['pack-objects', '--revs', '--stdout', '-q'], {
      cwd: two,
      input: 'main~5\n^main~30\n',
    });
    await runGit(['index-pack', '--stdin', '--index-version=1'], { cwd: two, input: next });
    await runGit(['prune-packed'], { cwd: two });
    await runGit(['update-server-info'], { cwd: two });
  });

  const wantsOf = async (source: DumbSource): Promise<ObjectId[]> =>
    (await readDumbRefs(source)).refs.map((ref) => ref.oid);

  test.each(['packed', 'loose'])('%s: everything arrives', async (kind) => {
    const source = new Files(folder.path, name(kind));
    await withStore(format, async (store) => {
      const seen: number[] = [];
      const wants = await wantsOf(source);
      await fetchDumb(source, store, wants, { format, dir: folder.path, onProgress: (count) => seen.push(count) });
      expect(objects.filter((object) => !store.has(oid(object)))).toEqual([]);
      expect(seen.at(-1)).toBe(store.count);
      expect(source.asked.some((path) => path.endsWith('.pack'))).toBe(kind === 'packed');
      // A second time there is nothing to ask for.
      source.asked.length = 0;
      await fetchDumb(source, store, wants, { format });
      expect(source.asked).toEqual([]);
    });
  });

  test('two packs with indexes of both versions, and loose objects', async () => {
    const source = new Files(folder.path, name('two-packs'));
    await withStore(format, async (store) => {
      const main = await repository.resolve('main');
      await fetchDumb(source, store, [oid(main)], { format });
      const expected = (await repository.git('rev-list', '--objects', '--no-object-names', 'main')).split('\n');
      expect(expected.filter((object) => !store.has(oid(object)))).toEqual([]);
      expect(source.asked.filter((path) => path.endsWith('.pack'))).toHaveLength(2);
    });
  });

  test('what the store holds already ends the walk', async () => {
    const source = new Files(folder.path, name('loose'));
    await withStore(format, async (store) => {
      const past = oid(await repository.resolve('main~1'));
      await fetchDumb(source, store, [past], { format });
      source.asked.length = 0;
      await fetchDumb(source, store, [oid(await repository.resolve('main'))], { format });
      const fresh = (await repository.git('rev-list', '--objects', '--no-object-names', 'main', '^main~1')).split('\n');
      expect(source.asked.length).toBe(fresh.length);
    });
  });

  test.each([
    ['http-alternates', `../../${name('packed')}/objects/\n`],
    ['http-alternates', `/${name('packed')}/objects\n`],
    ['alternates', `# a comment\n\n../../${name('packed')}/objects\n`],
  ])('objects/info/%s: %j', async (file, line) => {
    const path = join(folder.path, `borrowing-${format}-${String(Math.floor(line.length))}-${file}.git`);
    await runGit(['init', '-q', '--bare', `--object-format=${format}`, path]);
    await writeFile(join(path, 'objects/info', file), line);
    const source = new Files(folder.path, path.slice(folder.path.length + 1));
    await withStore(format, async (store) => {
      await fetchDumb(source, store, [oid(await repository.resolve('main'))], { format });
      expect(store.has(oid(await repository.resolve('main:large.bin')))).toBe(true);
    });
  });

  test('alternates elsewhere are not followed, and circles end', async () => {
    const path = join(folder.path, `circle-${format}.git`);
    await runGit(['init', '-q', '--bare', `--object-format=${format}`, path]);
    const lines = [
      'https://other.example/x/objects',
      '//other.example/objects',
      `../../circle-${format}.git/objects`,
      '/%2e%2e/x',
      '.',
    ];
    await writeFile(join(path, 'objects/info/http-alternates'), lines.join('\n'));
    const source = new Files(folder.path, `circle-${format}.git`);
    await withStore(format, async (store) => {
      await expect(fetchDumb(source, store, [oid(await repository.resolve('main'))], { format })).rejects.toMatchObject(
        {
          code: 'GM_CORRUPT',
          message: expect.stringContaining('missing at the source') as string,
        },
      );
    });
    expect(source.asked.filter((asked) => asked.includes('example') || asked.includes('%'))).toEqual([]);
    expect(source.asked.length).toBeLessThan(60);
  });

  const flip = (bytes: Buffer): Buffer => {
    const middle = bytes.length >> 1;
    bytes[middle] = (bytes[middle] ?? 0) ^ 0x10;
    return bytes;
  };
  test.each([
    ['a damaged pack', 'packed', /\.pack$/, flip],
    ['a cut pack', 'packed', /\.pack$/, (bytes: Buffer) => bytes.subarray(0, bytes.length - 30)],
    ['a damaged index', 'packed', /\.idx$/, flip],
    ['an index that is HTML', 'packed', /\.idx$/, () => Buffer.from('<html></html>')],
    ['an empty index', 'packed', /\.idx$/, () => Buffer.alloc(0)],
    ['a damaged loose object', 'loose', /objects\/..\/.{38,}$/, flip],
    ['a loose object that is HTML', 'loose', /objects\/..\/.{38,}$/, () => Buffer.from('<html></html>')],
  ])('%s is GM_CORRUPT', async (_name, kind, pattern, change) => {
    const source = new Files(folder.path, name(kind), new Map([[pattern, change]]));
    await withStore(format, async (store) => {
      const fetching = fetchDumb(source, store, [oid(await repository.resolve('main'))], { format, dir: folder.path });
      await expect(fetching).rejects.toMatchObject({ code: 'GM_CORRUPT' });
    });
  });

  test('a pack that is not that of its index is GM_CORRUPT', async () => {
    const other = await runGitForBytes(['pack-objects', '--all', '--stdout', '-q', '--window=0'], {
      cwd: repository.path,
    });
    const source = new Files(folder.path, name('packed'), new Map([[/\.pack$/, () => other]]));
    await withStore(format, async (store) => {
      const fetching = fetchDumb(source, store, [oid(await repository.resolve('main'))], { format });
      await expect(fetching).rejects.toMatchObject({
        code: 'GM_CORRUPT',
        message: expect.stringContaining('index') as string,
      });
    });
  });

  test('an index that is there without its pack is GM_CORRUPT', async () => {
    const files = new Files(folder.path, name('packed'));
    const source: DumbSource = { get: async (path) => (path.endsWith('.pack') ? undefined : files.get(path)) };
    await withStore(format, async (store) => {
      await expect(fetchDumb(source, store, [oid(await repository.resolve('main'))], { format })).rejects.toMatchObject(
        {
          code: 'GM_CORRUPT',
        },
      );
    });
  });

  test('an abort and a failure of the server are thrown as they are', async () => {
    const reason = new Error('enough');
    const main = oid(await repository.resolve('main'));
    const files = new Files(folder.path, name('loose'));
    const failing: DumbSource = {
      get: async (path) => {
        if (files.asked.length > 20) throw reason;
        return files.get(path);
      },
    };
    await withStore(format, async (store) => {
      await expect(fetchDumb(failing, store, [main], { format })).rejects.toBe(reason);
      await expect(fetchDumb(files, store, [main], { format, signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    });
  });

  test('info/refs and HEAD say what git says', async () => {
    const { refs, head } = await readDumbRefs(new Files(folder.path, name('packed')));
    const listed = await repository.git('for-each-ref', '--format=%(refname) %(objectname) %(*objectname)');
    const known = new Map(refs.map((ref) => [ref.name, ref]));
    for (const line of listed.split('\n')) {
      const [ref = '', target] = line.split(' ');
      expect(known.get(ref)?.oid).toBe(target);
    }
    expect(refs).toHaveLength(listed.split('\n').length);
    expect(known.get('refs/tags/outer')?.peeled).toBe(await repository.resolve('main'));
    expect(head).toEqual({ symref: 'refs/heads/main' });
  });

  test('an index knows what its pack holds', async () => {
    const path = join(folder.path, name('packed'), 'objects/pack');
    const file = (await readdir(path)).find((entry) => entry.endsWith('.idx')) ?? '';
    const index = await PackIndexFile.read(createReadStream(join(path, file)), { format, dir: folder.path });
    expect(index.objectCount).toBe(objects.length);
    expect(objects.every((object) => index.has(oid(object)))).toBe(true);
    expect(index.has(oid('00'.repeat(format === 'sha1' ? 20 : 32)))).toBe(false);
    expect(index.has(oid('ff'.repeat(format === 'sha1' ? 20 : 32)))).toBe(false);
    index.close();
  });
});

describe('lists of refs', () => {
  const name = '12'.repeat(20);
  test.each([
    ['HTML', '<html><body>Not here</body></html>\n'],
    ['an empty line', `${name}\trefs/heads/main\n\n`],
    ['no tab', `${name} refs/heads/main\n`],
    ['a short name', `1234\trefs/heads/main\n`],
    ['an illegal ref', `${name}\trefs/heads/../../x\n`],
    ['a peeled line without its tag', `${name}\trefs/tags/v1^{}\n`],
  ])('%s is GM_PROTOCOL', (_name, text) => {
    expect(() => parseDumbRefs(text)).toThrow(expect.objectContaining({ code: 'GM_PROTOCOL' }) as Error);
  });

  test('no refs, a last line without end', () => {
    expect(parseDumbRefs('')).toEqual([]);
    expect(parseDumbRefs(`${name}\trefs/heads/a`)).toEqual([{ name: 'refs/heads/a', oid: name }]);
  });

  test('heads', () => {
    expect(parseDumbHead('ref: refs/heads/x\n')).toEqual({ symref: 'refs/heads/x' });
    expect(parseDumbHead(`${name}\n`)).toEqual({ oid: name });
    for (const text of ['', 'ref: HEAD', 'ref: ../x', '<html>']) expect(parseDumbHead(text)).toBeUndefined();
  });

  test('no info/refs is GM_NOT_FOUND, and an endless one GM_LIMIT', async () => {
    await expect(readDumbRefs({ get: async () => undefined })).rejects.toMatchObject({ code: 'GM_NOT_FOUND' });
    const endless: DumbSource = {
      get: async () =>
        (async function* () {
          for (;;) yield Buffer.alloc(8_000_000, 'x');
        })(),
    };
    await expect(readDumbRefs(endless)).rejects.toMatchObject({ code: 'GM_LIMIT' });
  });
});
