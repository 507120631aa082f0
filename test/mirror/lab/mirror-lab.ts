import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { GitBackend } from '../../../src/server/git-backend.ts';
import { makeRepository, type RepositoryShape } from '../../repositories/make-repository.ts';
import { incompressibleBytes } from '../../repositories/random-bytes.ts';
import { Repository } from '../../repositories/repository.ts';
import { runGit, runGitForBytes } from '../../repositories/run-git.ts';
import { makeTemporaryFolder } from '../../repositories/temporary-folder.ts';
import { openTestBackend, type TestBackend } from '../../servers/backends.ts';
import { openClientMachine, type ClientMachine } from './client-machine.ts';
import { openSite, projectName, type Site, type SiteOptions } from './site.ts';

/**
 * What a mirror has when it is made: all that the origin has; what `main` was so many commits ago, without refs and objects
 * that came later; some refs with their history; nothing; or whatever a function puts into the empty repository.
 */
export type MirrorContent =
  | 'fresh'
  | 'empty'
  | { readonly commitsBehind: number }
  | { readonly only: readonly string[] }
  | ((repository: Repository, origin: Repository) => Promise<void>);

/** Options of {@link MirrorLab.addMirror}. */
export interface MirrorSiteOptions extends SiteOptions {
  /** Default `mirror-1`, `mirror-2`, … */
  readonly name?: string | undefined;
  /** Default `fresh`. */
  readonly content?: MirrorContent | undefined;
}

/** Options of {@link openMirrorLab}. */
export interface MirrorLabOptions {
  /** What the origin has. Default: 12 commits on `main`, `topic-1`, `topic-2`, `v1` (annotated) and `v2`. */
  readonly shape?: RepositoryShape | undefined;
  /** How the origin is served. */
  readonly origin?: SiteOptions | undefined;
}

/** An origin, mirrors of it, and a machine with a client: all on loopback, gone at the end of the block. */
export interface MirrorLab extends AsyncDisposable {
  /** A folder of the lab's own. */
  readonly path: string;
  readonly origin: Site;
  /** In the order they were added. */
  readonly mirrors: readonly Site[];
  readonly client: ClientMachine;
  addMirror(options?: MirrorSiteOptions): Promise<Site>;
  /** Adds commits to a branch of the origin. Returns the new tip. */
  commit(options?: { readonly ref?: string; readonly commits?: number; readonly fileBytes?: number }): Promise<string>;
  /** Makes an annotated tag on the origin, of `target`. Returns the name of the tag object. */
  tag(name: string, target?: string): Promise<string>;
  /** Takes commits off a branch of the origin and puts another one there. Returns the new tip. */
  rewind(options?: { readonly ref?: string; readonly commits?: number }): Promise<string>;
  /** Makes the mirror's refs those of the origin. */
  sync(mirror: Site): Promise<void>;
  /** Forgets what all sites have recorded. */
  forget(): void;
}

const defaultShape: RepositoryShape = { commits: 12, branches: 2, tags: 2 };
const mainBranch = 'refs/heads/main';

/**
 * Opens a lab.
 *
 *     await using lab = await openMirrorLab();
 *     const mirror = await lab.addMirror({ content: { commitsBehind: 3 }, shape: { latencyMs: 50 } });
 *     await lab.client.gitText(['clone', lab.origin.url, 'clone']);
 */
export async function openMirrorLab(options: MirrorLabOptions = {}): Promise<MirrorLab> {
  const folder = await makeTemporaryFolder();
  const mirrors: Site[] = [];
  // Threads take a moment to start, so all sites share them.
  let opened: Promise<TestBackend> | undefined;
  const backend = async (): Promise<GitBackend> => {
    opened ??= openTestBackend('native');
    return (await opened).backend;
  };
  const client = await openClientMachine(join(folder.path, 'client'));
  const open = async (name: string, site: SiteOptions, fill: (path: string) => Promise<Repository>): Promise<Site> => {
    const root = join(folder.path, name);
    await mkdir(root);
    const repository = await fill(join(root, projectName));
    return openSite(name, root, repository, backend, site);
  };
  const origin = await open('origin', options.origin ?? {}, (path) =>
    makeRepository(path, options.shape ?? defaultShape),
  );
  const { repository } = origin;
  return {
    path: folder.path,
    origin,
    mirrors,
    client,
    async addMirror({ name, content = 'fresh', ...site } = {}) {
      const mirror = await open(name ?? `mirror-${String(mirrors.length + 1)}`, site, (path) =>
        makeMirror(path, repository, content),
      );
      mirrors.push(mirror);
      return mirror;
    },
    async commit({ ref = mainBranch, commits = 1, fileBytes } = {}) {
      let tip = '';
      for (let count = 0; count < commits; count += 1) {
        const files = fileBytes === undefined ? {} : { files: randomFile(fileBytes) };
        tip = await repository.commit(ref, files);
      }
      return tip;
    },
    async tag(name, target = mainBranch) {
      const identity = ['-c', 'user.name=Lab', '-c', 'user.email=lab@example.com'];
      await repository.git(...identity, 'tag', '-a', '-m', name, name, target);
      return repository.resolve(`refs/tags/${name}`);
    },
    async rewind({ ref = mainBranch, commits = 1 } = {}) {
      return repository.commit(ref, { from: await repository.resolve(`${ref}~${String(commits)}`) });
    },
    async sync(mirror) {
      await mirror.repository.git('fetch', '--quiet', '--prune', repository.path, '+refs/*:refs/*');
    },
    forget() {
      for (const site of [origin, ...mirrors]) site.forget();
    },
    async [Symbol.asyncDispose]() {
      await client.close();
      for (const site of [origin, ...mirrors]) await site.close();
      await (await opened)?.close();
      await folder[Symbol.asyncDispose]();
    },
  };
}

async function makeMirror(path: string, origin: Repository, content: MirrorContent): Promise<Repository> {
  if (content === 'fresh') {
    await runGit(['clone', '--quiet', '--mirror', origin.path, path]);
    await runGit(['remote', 'remove', 'origin'], { cwd: path });
    return new Repository(path);
  }
  const format = (await origin.git('rev-parse', '--show-object-format')) === 'sha256' ? 'sha256' : 'sha1';
  const mirror = await Repository.init(path, format);
  if (content === 'empty') return mirror;
  if (typeof content === 'function') {
    await content(mirror, origin);
    return mirror;
  }
  await copyRefs(
    origin,
    mirror,
    await ('only' in content ? chosenRefs(origin, content.only) : oldRefs(origin, content)),
  );
  return mirror;
}

/** Gives `to` the refs, and the objects that they reach and no others. */
async function copyRefs(from: Repository, to: Repository, refs: ReadonlyMap<string, string>): Promise<void> {
  const input = [...refs.values()].map((oid) => `${oid}\n`).join('');
  const pack = await runGitForBytes(['pack-objects', '--revs', '--stdout', '-q'], { cwd: from.path, input });
  await runGit(['index-pack', '--stdin', '--fix-thin'], { cwd: to.path, input: pack });
  for (const [name, oid] of refs) await to.updateRef(name, oid);
}

async function chosenRefs(origin: Repository, only: readonly string[]): Promise<ReadonlyMap<string, string>> {
  return new Map([...(await origin.refs())].filter(([name]) => only.includes(name)));
}

/** `main` as it was, and the refs that need nothing of what it has got since. */
async function oldRefs(
  origin: Repository,
  { commitsBehind }: { readonly commitsBehind: number },
): Promise<ReadonlyMap<string, string>> {
  const tip = await origin.resolve(`${mainBranch}~${String(commitsBehind)}`);
  const newer = (await origin.git('rev-list', `${tip}..${mainBranch}`)).split('\n').filter((oid) => oid !== '');
  const containing = newer.flatMap((oid) => ['--contains', oid]);
  const later = newer.length === 0 ? '' : await origin.git('for-each-ref', '--format=%(refname)', ...containing);
  const refs = new Map(await origin.refs());
  for (const name of later.split('\n')) refs.delete(name);
  return refs.set(mainBranch, tip);
}

let randomFiles = 0;

/** A file that does not compress. */
function randomFile(bytes: number): Record<string, Uint8Array> {
  randomFiles += 1;
  return { [`data-${String(randomFiles)}.bin`]: incompressibleBytes(bytes, 7_000_003 + randomFiles) };
}
