import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createGitHandler } from '../../src/server/git-handler.ts';
import { openMirrorService } from '../../src/server/mirrors/open-mirror-service.ts';
import { RepositoryRoot } from '../../src/server/repository-root.ts';
import { createOwnershipCheck } from '../../src/server/safe-directory.ts';
import { learnMirrors, learnMore, type LearnRequest } from '../../src/mirror/learn/learn-mirrors.ts';
import { openGitProgram, type GitProgram } from '../../src/mirror/git-program.ts';
import { readRemoteMirrors, type RemoteMirrors } from '../../src/mirror/settings/remote-mirrors.ts';
import { makeRepository } from '../repositories/make-repository.ts';
import type { Repository } from '../repositories/repository.ts';
import { runGit } from '../repositories/run-git.ts';
import { makeTemporaryFolder } from '../repositories/temporary-folder.ts';
import { openTestBackend } from '../servers/backends.ts';
import { startGitDaemon } from '../servers/git-daemon.ts';
import { startHttpBackend, type HttpMiddleware } from '../servers/http-backend.ts';

/** Who serves the origin. */
export type OriginServer =
  | 'native'
  | 'git-daemon'
  | 'path'
  /** `git http-backend` behind something that answers some requests itself. */
  | HttpMiddleware;

/** An origin, and a repository with the remote `origin`. */
export interface LearningScene extends AsyncDisposable {
  readonly origin: Repository;
  readonly url: string;
  /** Of the client. */
  readonly git: GitProgram;
  readonly details: readonly string[];
  client(...args: readonly string[]): Promise<string>;
  /** Names mirrors in a blob of the origin. */
  announce(ref: string, text: string): Promise<void>;
  learn(more?: Partial<LearnRequest>): Promise<RemoteMirrors>;
  learnMore(mirrors: RemoteMirrors): Promise<RemoteMirrors | undefined>;
  read(): Promise<RemoteMirrors>;
}

interface Serving {
  readonly url: string;
  close(): Promise<void>;
}

/** Opens it; the repository of the client is empty. */
export async function openLearningScene(server: OriginServer, format?: 'sha1' | 'sha256'): Promise<LearningScene> {
  const folder = await makeTemporaryFolder();
  const root = `${folder.path}/served`;
  const origin = await makeRepository(`${root}/app.git`, { commits: 3, tags: 1, format });
  const served = await serve(server, root);
  const { url } = served;
  const clientPath = `${folder.path}/client`;
  await runGit(['init', '-q', `--object-format=${format ?? 'sha1'}`, clientPath]);
  const client = (...args: readonly string[]): Promise<string> => runGit(args, { cwd: clientPath });
  await client('remote', 'add', 'origin', url);
  const git = openGitProgram(process.env, clientPath);
  const details: string[] = [];
  const reporter = { note: (line: string) => details.push(line), detail: (line: string) => details.push(line) };
  const read = (): Promise<RemoteMirrors> => readRemoteMirrors(git, 'origin');
  const { signal } = new AbortController();
  return {
    origin,
    url,
    git,
    details,
    client,
    read,
    async announce(ref, text) {
      const oid = await runGit(['hash-object', '-w', '--stdin'], { cwd: origin.path, input: text });
      await origin.updateRef(ref, oid);
    },
    learn: async (more = {}) => learnMirrors({ git, remoteMirrors: await read(), reporter, signal, ...more }),
    learnMore: (remoteMirrors) => learnMore({ git, remoteMirrors, reporter, signal }),
    async [Symbol.asyncDispose]() {
      await served.close();
      await folder[Symbol.asyncDispose]();
    },
  };
}

async function serve(server: OriginServer, root: string): Promise<Serving> {
  if (server === 'path') return { url: `${root}/app.git`, close: async () => undefined };
  if (server === 'git-daemon') {
    const daemon = await startGitDaemon({ root, receivePack: true });
    return { url: `git://127.0.0.1:${String(daemon.port)}/app.git`, close: () => daemon.close() };
  }
  if (server === 'native') return serveNative(root);
  const front = await startHttpBackend({ root, middleware: server });
  return { url: `http://127.0.0.1:${String(front.port)}/app.git`, close: () => front.close() };
}

async function serveNative(root: string): Promise<Serving> {
  const native = await openTestBackend('native');
  const repositories = new RepositoryRoot(root, { exportAll: true, ownership: createOwnershipCheck({}) });
  const mirrors = openMirrorService({ lookup: repositories, onWarning: () => undefined });
  const http = createServer(createGitHandler({ repositories, backend: native.backend, mirrors }));
  await new Promise<void>((resolve) => {
    http.listen(0, '127.0.0.1', resolve);
  });
  const { port } = http.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${String(port)}/app.git`,
    async close() {
      const closed = new Promise((resolve) => http.close(resolve));
      http.closeAllConnections();
      await closed;
      await mirrors.close();
      await native.close();
    },
  };
}
