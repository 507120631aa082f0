import { mkdir, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makeStandard } from '../parity/served-repositories.ts';
import { incompressibleBytes } from '../repositories/random-bytes.ts';
import { Repository } from '../repositories/repository.ts';
import { runGit } from '../repositories/run-git.ts';
import { makeTemporaryFolder, type TemporaryFolder } from '../repositories/temporary-folder.ts';
import { forkServer, type ForkedServer } from '../servers/forked-server.ts';
import { copyDelta, writePack } from './broken-pack.ts';

const mebibyte = 1024 * 1024;

/** What a client may get from a damaged repository. */
type Outcome =
  /** It must fail, and say why. */
  | 'fails'
  /** The damage is in something that can be done without. */
  | 'works'
  /** Either, but nothing that is wrong. */
  | 'either';

interface Damage {
  readonly name: string;
  readonly outcome: Outcome;
  readonly hurt: (repository: Repository) => Promise<void>;
}

const damages: readonly Damage[] = [
  {
    name: 'a pack cut in half',
    outcome: 'fails',
    hurt: async (repository) => cut(await packFile(repository, '.pack'), 0.5),
  },
  {
    name: 'a pack cut to its header',
    outcome: 'fails',
    hurt: async (repository) => cut(await packFile(repository, '.pack'), 12),
  },
  { name: 'an empty pack', outcome: 'fails', hurt: async (repository) => cut(await packFile(repository, '.pack'), 0) },
  {
    name: 'bytes of a pack overwritten',
    outcome: 'fails',
    hurt: async (repository) => overwrite(await packFile(repository, '.pack'), 0.4, 200),
  },
  {
    name: 'an index cut in half',
    outcome: 'fails',
    hurt: async (repository) => cut(await packFile(repository, '.idx'), 0.5),
  },
  {
    name: 'an index of noise',
    outcome: 'fails',
    hurt: async (repository) => writeFile(await packFile(repository, '.idx'), incompressibleBytes(5000, 1)),
  },
  {
    name: 'an index with other offsets',
    outcome: 'either',
    hurt: async (repository) => overwrite(await packFile(repository, '.idx'), 0.93, 60),
  },
  {
    name: 'an index without its pack',
    outcome: 'fails',
    hurt: async (repository) => rm(await packFile(repository, '.pack')),
  },
  {
    name: 'a delta without its base',
    outcome: 'fails',
    hurt: async (repository) => {
      const [oid, base] = ['1'.repeat(40), '2'.repeat(40)];
      await writePack(repository.path, [{ oid, type: 7, baseOid: base, content: copyDelta(100, 10) }]);
      await pointTo(repository, oid);
    },
  },
  {
    name: 'deltas in a circle',
    outcome: 'fails',
    hurt: async (repository) => {
      const [one, two] = ['1'.repeat(40), '2'.repeat(40)];
      await writePack(repository.path, [
        { oid: one, type: 7, baseOid: two, content: copyDelta(10, 10) },
        { oid: two, type: 7, baseOid: one, content: copyDelta(10, 10) },
      ]);
      await pointTo(repository, one);
    },
  },
  {
    name: 'a delta that is its own base',
    outcome: 'fails',
    hurt: async (repository) => {
      const oid = '3'.repeat(40);
      await writePack(repository.path, [{ oid, type: 7, baseOid: oid, content: copyDelta(10, 10) }]);
      await pointTo(repository, oid);
    },
  },
  {
    name: 'an object that says to be of 4 GB',
    outcome: 'fails',
    hurt: async (repository) => {
      const oid = '4'.repeat(40);
      await writePack(repository.path, [{ oid, type: 1, size: 2 ** 32 - 1, content: Buffer.from('tree ') }]);
      await pointTo(repository, oid);
    },
  },
  {
    name: 'a commit that is none',
    outcome: 'fails',
    hurt: async (repository) => {
      const oid = '5'.repeat(40);
      await writePack(repository.path, [{ oid, type: 1, content: incompressibleBytes(300, 9) }]);
      await pointTo(repository, oid);
    },
  },
  {
    name: 'a commit that is its own parent',
    outcome: 'either',
    hurt: async (repository) => {
      const oid = '6'.repeat(40);
      const tree = await repository.resolve('main^{tree}');
      const person = 'A <a@example.com> 1700000000 +0000';
      const content = Buffer.from(`tree ${tree}\nparent ${oid}\nauthor ${person}\ncommitter ${person}\n\nself\n`);
      await writePack(repository.path, [{ oid, type: 1, content }]);
      await pointTo(repository, oid);
    },
  },
  {
    name: 'a tree that is in itself',
    outcome: 'either',
    hurt: async (repository) => {
      const [oid, tree] = ['7'.repeat(40), '8'.repeat(40)];
      const person = 'A <a@example.com> 1700000000 +0000';
      const commit = Buffer.from(`tree ${tree}\nauthor ${person}\ncommitter ${person}\n\nself\n`);
      const entry = Buffer.concat([Buffer.from('40000 again\0'), Buffer.from(tree, 'hex')]);
      await writePack(repository.path, [
        { oid, type: 1, content: commit },
        { oid: tree, type: 2, content: entry },
      ]);
      await pointTo(repository, oid);
    },
  },
  {
    name: 'a commit-graph cut in half',
    outcome: 'works',
    hurt: async (repository) => {
      await repository.git('commit-graph', 'write', '--reachable', '--no-progress');
      await cut(join(repository.path, 'objects', 'info', 'commit-graph'), 0.5);
    },
  },
  {
    name: 'a commit-graph of noise',
    outcome: 'works',
    hurt: async (repository) => {
      await mkdir(join(repository.path, 'objects', 'info'), { recursive: true });
      await writeFile(join(repository.path, 'objects', 'info', 'commit-graph'), incompressibleBytes(3000, 2));
    },
  },
  {
    name: 'a multi-pack-index of noise',
    outcome: 'works',
    hurt: async (repository) => {
      await writeFile(join(repository.path, 'objects', 'pack', 'multi-pack-index'), incompressibleBytes(3000, 3));
    },
  },
  {
    name: 'a bitmap of noise',
    outcome: 'works',
    hurt: async (repository) => {
      const pack = await packFile(repository, '.pack');
      await writeFile(pack.replace(/\.pack$/, '.bitmap'), incompressibleBytes(3000, 4));
    },
  },
  {
    name: 'a bitmap cut in half',
    outcome: 'either',
    hurt: async (repository) => {
      await repository.git('repack', '-adq', '--write-bitmap-index');
      await cut(await packFile(repository, '.bitmap'), 0.5);
    },
  },
  {
    name: 'alternates in a circle',
    outcome: 'works',
    hurt: (repository) => alternates(repository, join(repository.path, 'objects')),
  },
  {
    name: 'alternates that are not there',
    outcome: 'works',
    hurt: (repository) => alternates(repository, '/nonexistent/objects'),
  },
  {
    name: 'alternates of noise',
    outcome: 'works',
    hurt: (repository) => alternates(repository, incompressibleBytes(9000, 5).toString('latin1')),
  },
  {
    name: 'packed-refs of noise',
    outcome: 'either',
    hurt: (repository) => writeFile(join(repository.path, 'packed-refs'), incompressibleBytes(9000, 6)),
  },
  {
    name: 'a HEAD of noise',
    outcome: 'either',
    hurt: (repository) => writeFile(join(repository.path, 'HEAD'), incompressibleBytes(300, 7)),
  },
  {
    name: 'a configuration of noise',
    outcome: 'fails',
    hurt: (repository) => writeFile(join(repository.path, 'config'), incompressibleBytes(3000, 8)),
  },
  {
    name: 'a configuration that includes itself',
    outcome: 'either',
    hurt: (repository) =>
      writeFile(join(repository.path, 'config'), '[core]\n\tbare = true\n[include]\n\tpath = config\n'),
  },
  {
    name: 'a ref to an object that is not there',
    outcome: 'either',
    hurt: (repository) => pointTo(repository, '9'.repeat(40)),
  },
  {
    name: 'a symbolic ref in a circle',
    outcome: 'works',
    hurt: async (repository) => {
      await repository.git('symbolic-ref', 'refs/heads/one', 'refs/heads/two');
      await repository.git('symbolic-ref', 'refs/heads/two', 'refs/heads/one');
    },
  },
];

describe('repositories that are damaged', () => {
  let folder: TemporaryFolder;
  let root: string;
  let server: ForkedServer;
  let sound: Repository;
  let before = 0;

  beforeAll(async () => {
    folder = await makeTemporaryFolder();
    root = join(folder.path, 'served');
    sound = await makeStandard(root, 'sha1', {}, 'sound');
    await sound.git('repack', '-adq');
    server = await forkServer({ backend: 'native', root, limits: { requestTimeMs: 20_000 } });
    await clone('sound.git', 'first');
    before = server.rssBytes();
  });
  afterAll(async () => {
    await server[Symbol.asyncDispose]();
    await folder[Symbol.asyncDispose]();
  });

  async function clone(name: string, to: string): Promise<string> {
    const path = join(folder.path, to);
    return runGit(['clone', '-q', '--mirror', `${server.url}${name}`, path]).then(
      async () => {
        await runGit(['fsck', '--full', '--no-dangling'], { cwd: path });
        return '';
      },
      (error: unknown) => String(error),
    );
  }

  test.each(damages)('$name', async ({ name, outcome, hurt }) => {
    const short = name.replaceAll(' ', '-');
    await runGit(['clone', '-q', '--mirror', sound.path, join(root, `${short}.git`)]);
    const repository = new Repository(join(root, `${short}.git`));
    await repository.git('repack', '-adq');
    await hurt(repository);

    const complaint = await clone(`${short}.git`, short);
    if (outcome === 'works') expect(complaint).toBe('');
    if (outcome === 'fails') expect(complaint).toMatch(/remote error|remote:|error: |fatal: /);
    // Where the server keeps its repositories is nobody's business.
    expect(complaint.replaceAll(join(folder.path, short), '')).not.toContain(root);

    expect(server.isAlive()).toBe(true);
    expect(await clone('sound.git', `${short}-after`)).toBe('');
  });

  test('memory is where it was', () => {
    expect((server.rssBytes() - before) / mebibyte).toBeLessThan(300);
  });
});

async function packFile(repository: Repository, extension: string): Promise<string> {
  const folder = join(repository.path, 'objects', 'pack');
  const name = (await readdir(folder)).find((file) => file.endsWith(extension));
  if (name === undefined) throw new Error(`there is no ${extension} in ${folder}`);
  return join(folder, name);
}

/** Cuts a file to a share of its length, or to a number of bytes. */
async function cut(path: string, to: number): Promise<void> {
  const bytes = await readFile(path);
  await truncate(path, to < 1 ? Math.floor(bytes.length * to) : to);
}

async function overwrite(path: string, at: number, length: number): Promise<void> {
  const bytes = await readFile(path);
  incompressibleBytes(length, 11).copy(bytes, Math.floor(bytes.length * at));
  await writeFile(path, bytes);
}

async function pointTo(repository: Repository, oid: string): Promise<void> {
  await mkdir(join(repository.path, 'refs', 'heads'), { recursive: true });
  await writeFile(join(repository.path, 'refs', 'heads', 'hurt'), `${oid}\n`);
}

async function alternates(repository: Repository, text: string): Promise<void> {
  await mkdir(join(repository.path, 'objects', 'info'), { recursive: true });
  await writeFile(join(repository.path, 'objects', 'info', 'alternates'), `${text}\n`, 'latin1');
}
