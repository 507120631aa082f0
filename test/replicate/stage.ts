import { readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { ObjectFormat } from '../../src/core/object-id.ts';
import { createUnstableClient, type UnstableClient } from '../../src/unstable.ts';
import type { Options } from '../../src/sync/client.ts';
import { makeRepository, type RepositoryShape } from '../repositories/make-repository.ts';
import { Repository } from '../repositories/repository.ts';
import { runGit } from '../repositories/run-git.ts';
import { makeTemporaryFolder } from '../repositories/temporary-folder.ts';
import { startHttpBackend, type HttpBackend, type HttpMiddleware } from '../servers/http-backend.ts';
import { startFront, type Front, type FrontRules } from './front.ts';

/** What {@link openStage} sets up. */
export interface StageOptions {
  /** The source. Default: three commits on main. */
  readonly source?: RepositoryShape | undefined;
  /** Format of the target, which begins empty. Default: that of the source. */
  readonly targetFormat?: ObjectFormat | undefined;
  /** Looks at every request before `git http-backend` does. */
  readonly middleware?: HttpMiddleware | undefined;
  /** A front between the client and the target. */
  readonly targetFront?: FrontRules | undefined;
  /** A front between the client and the source. */
  readonly sourceFront?: FrontRules | undefined;
  /** Options of the client. */
  readonly client?: Options | undefined;
}

/** A source with history and an empty target, both served by `git http-backend`, and a client. */
export class Stage implements AsyncDisposable {
  readonly folder: string;
  readonly source: Repository;
  readonly target: Repository;
  readonly backend: HttpBackend;
  readonly targetFront: Front | undefined;
  readonly sourceFront: Front | undefined;
  readonly client: UnstableClient;
  readonly #stack: AsyncDisposableStack;

  constructor(
    parts: {
      readonly folder: string;
      readonly source: Repository;
      readonly target: Repository;
      readonly backend: HttpBackend;
      readonly targetFront: Front | undefined;
      readonly sourceFront: Front | undefined;
      readonly client: UnstableClient;
    },
    stack: AsyncDisposableStack,
  ) {
    this.folder = parts.folder;
    this.source = parts.source;
    this.target = parts.target;
    this.backend = parts.backend;
    this.targetFront = parts.targetFront;
    this.sourceFront = parts.sourceFront;
    this.client = parts.client;
    this.#stack = stack;
  }

  get sourceUrl(): string {
    return `${(this.sourceFront ?? this.backend).url}/source.git`;
  }

  get targetUrl(): string {
    return `${(this.targetFront ?? this.backend).url}/target.git`;
  }

  /** Both ends, as a request wants them. */
  get ends(): { readonly source: { readonly url: string }; readonly target: { readonly url: string } } {
    return { source: { url: this.sourceUrl }, target: { url: this.targetUrl } };
  }

  /** One more empty repository that is served. */
  async addTarget(name: string): Promise<{ readonly repository: Repository; readonly url: string }> {
    const repository = await Repository.init(join(this.folder, name));
    await repository.configure('http.receivepack', 'true');
    return { repository, url: `${this.backend.url}/${name}` };
  }

  /** Bytes of the bodies that the target was sent in pushes, so far. */
  get pushedBytes(): number {
    const pushes = this.backend.requests.filter(({ url }) => url.endsWith('target.git/git-receive-pack'));
    return pushes.reduce((sum, { bodyBytes }) => sum + bodyBytes, 0);
  }

  /** Pushes that `git http-backend` was asked for at the target, so far. */
  get pushCount(): number {
    return this.backend.requests.filter(({ url }) => url.endsWith('target.git/git-receive-pack')).length;
  }

  /** What the programs behind HTTP have read and written so far, as git traces it. */
  async serverTrace(): Promise<string> {
    return readFile(join(this.folder, 'trace'), 'utf8');
  }

  /** Makes the source lose an object that its refs reach. */
  async loseObject(oid: string): Promise<void> {
    const packs = join(this.source.path, 'objects', 'pack');
    for (const name of await readdir(packs)) {
      if (!name.endsWith('.pack')) continue;
      const aside = join(this.folder, name);
      await rename(join(packs, name), aside);
      await rm(join(packs, name.replace(/pack$/, 'idx')), { force: true });
      await runGit(['unpack-objects', '-q'], { cwd: this.source.path, input: await readFile(aside) });
    }
    await rm(join(this.source.path, 'objects', oid.slice(0, 2), oid.slice(2)));
  }

  /** Has something done at the end, before the folder goes. */
  defer(end: () => void | Promise<void>): void {
    this.#stack.defer(end);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync();
  }
}

/** Sets up a stage; dispose of it at the end (`await using`). */
export async function openStage(options: StageOptions = {}): Promise<Stage> {
  await using stack = new AsyncDisposableStack();
  const folder = stack.use(await makeTemporaryFolder()).path;
  const source = await makeRepository(join(folder, 'source.git'), options.source);
  const target = await Repository.init(join(folder, 'target.git'), options.targetFormat ?? options.source?.format);
  const backend = await startHttpBackend({
    root: folder,
    env: { GIT_TRACE_PACKET: join(folder, 'trace') },
    ...(options.middleware === undefined ? {} : { middleware: options.middleware }),
  });
  stack.defer(() => backend.close());
  const open = async (rules: FrontRules | undefined): Promise<Front | undefined> => {
    if (rules === undefined) return undefined;
    const front = await startFront(backend.url, rules);
    stack.defer(() => front.close());
    return front;
  };
  const parts = {
    folder,
    source,
    target,
    backend,
    targetFront: await open(options.targetFront),
    sourceFront: await open(options.sourceFront),
    client: createUnstableClient({ useCredentialHelper: false, ...options.client }),
  };
  return new Stage(parts, stack.move());
}
