import { readFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { BlockList, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { ObjectId } from '../../src/core/object-id.ts';
import { openKernel } from '../../src/kernel/open-kernel.ts';
import { RepositoryCache } from '../../src/repository/open-repository.ts';
import { createGitHandler } from '../../src/server/git-handler.ts';
import { createMirrorService } from '../../src/server/mirrors/create-mirror-service.ts';
import { OrderMirrors } from '../../src/server/mirrors/policy/order-by-policy.ts';
import { Steering, type SteeringOptions, type SteeringOutcome } from '../../src/server/mirrors/steering.ts';
import { openBackend, type OpenedBackend } from '../../src/server/open-backend.ts';
import { RepositoryRoot } from '../../src/server/repository-root.ts';
import { refDigest } from '../../src/wire/mirrors/ref-digest.ts';
import { makeRepository } from '../repositories/make-repository.ts';
import { Repository } from '../repositories/repository.ts';
import { runGit } from '../repositories/run-git.ts';
import { makeTemporaryFolder } from '../repositories/temporary-folder.ts';
import type { HttpMiddleware } from '../servers/http-backend.ts';
import type { ServerCertificate } from '../servers/tls.ts';
import { openClientMachine, type ClientMachine } from './lab/client-machine.ts';

/** What a server was asked by clients and by origins. */
export interface SeenRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingMessage['headers'];
}

/** One of our servers with the repository `project.git`, on a loopback address of its own port. */
export interface SteeringSite {
  readonly url: string;
  readonly repository: Repository;
  readonly requests: SeenRequest[];
  /** What became of fetches, when it steers. */
  readonly outcomes: SteeringOutcome[];
  /** Stops listening and cuts what is open: the machine is gone. */
  die(): Promise<void>;
}

/** How a server of the lab is started. */
export interface SteeringSiteOptions {
  readonly address?: string;
  readonly middleware?: HttpMiddleware;
  readonly tls?: ServerCertificate;
  readonly steering?: SteeringOptions;
}

/** An origin that steers, mirrors of it, and a machine with stock git. */
export interface SteeringLab extends AsyncDisposable {
  readonly path: string;
  readonly origin: SteeringSite;
  readonly client: ClientMachine;
  /** A full copy, known to the origin unless `isKnown` is false. */
  addMirror(options?: SteeringSiteOptions & { readonly isKnown?: boolean }): Promise<SteeringSite>;
  /** Makes the mirror's refs the origin's. */
  sync(mirror: SteeringSite): Promise<void>;
  /** The origin's ref digest. */
  digest(): Promise<string>;
  /** Fetches and clones that were answered by a site: requests for packs and lists of refs by git itself. */
  servedBy(site: SteeringSite): number;
}

const projectName = 'project.git';

/** What all servers of a file's tests share, because threads take their time to start. Close it at the end. */
export function openSharedBackend(): Promise<OpenedBackend> {
  return openBackend({ backend: 'native', workers: 1, allowPush: true });
}

/** Opens it. Without `steering.settleMs` nobody is sent away for 2 s after a change. */
export async function openSteeringLab(backend: OpenedBackend, options: SteeringSiteOptions = {}): Promise<SteeringLab> {
  const folder = await makeTemporaryFolder();
  const client = await openClientMachine(join(folder.path, 'client'));
  const sites: SteeringSite[] = [];
  const open = async (
    name: string,
    site: SteeringSiteOptions,
    fill: (path: string) => Promise<Repository>,
  ): Promise<SteeringSite> => {
    const root = join(folder.path, name);
    await mkdir(root);
    const repository = await fill(join(root, projectName));
    const opened = await openSite(root, repository, backend, site);
    sites.push(opened);
    return opened;
  };
  const origin = await open('origin', options, (path) => makeRepository(path, { commits: 12, branches: 2, tags: 2 }));
  for (const [key, value] of [
    ['mirror.advertise', 'true'],
    ['mirror.steer', 'true'],
    ['mirror.trustDomain', '127.0.0.1'],
    ['http.receivepack', 'true'],
  ] as const) {
    await origin.repository.git('config', key, value);
  }
  return {
    path: folder.path,
    origin,
    client,
    async addMirror({ isKnown = true, ...site } = {}) {
      const mirror = await open(`mirror-${String(sites.length)}`, site, async (path) => {
        await runGit(['clone', '--quiet', '--mirror', origin.repository.path, path]);
        await runGit(['remote', 'remove', 'origin'], { cwd: path });
        await runGit(['config', 'mirror.advertise', 'true'], { cwd: path });
        return new Repository(path);
      });
      if (isKnown) await origin.repository.git('config', '--add', 'mirror.mirrorUrl', mirror.url);
      return mirror;
    },
    async sync(mirror) {
      await mirror.repository.git('fetch', '--quiet', '--prune', origin.repository.path, '+refs/*:refs/*');
    },
    async digest() {
      const refs = [...(await origin.repository.refs())].map(([name, oid]) => ({ name, oid: oid as ObjectId }));
      return refDigest(refs, await origin.repository.git('symbolic-ref', 'HEAD'));
    },
    servedBy: ({ requests }) =>
      requests.filter(({ method, url }) => method === 'POST' && url.includes('upload-pack')).length,
    async [Symbol.asyncDispose]() {
      await client.close();
      for (const site of sites) await site.die();
      await folder[Symbol.asyncDispose]();
    },
  };
}

async function openSite(
  root: string,
  repository: Repository,
  backend: OpenedBackend,
  { address = '127.0.0.1', middleware, tls, steering: steeringOptions }: SteeringSiteOptions,
): Promise<SteeringSite> {
  const lookup = new RepositoryRoot(root, { exportAll: true });
  const requests: SeenRequest[] = [];
  const outcomes: SteeringOutcome[] = [];
  const steering = new Steering({
    answerMs: 60_000,
    ...steeringOptions,
    onOutcome: (outcome) => outcomes.push(outcome),
  });
  const mirrors = createMirrorService({
    repositories: new RepositoryCache({ kernel: openKernel({ kind: 'plain' }), env: process.env }),
    lookup,
    order: new OrderMirrors(),
    steering,
    trustedProxies: new BlockList(),
  });
  const handler = createGitHandler({
    repositories: lookup,
    backend: backend.backend,
    pushBackend: backend.pushBackend,
    mirrors,
  });
  const listener: RequestListener = (request, response) => {
    requests.push({ method: request.method ?? '', url: request.url ?? '', headers: request.headers });
    void Promise.resolve(middleware?.(request, response) ?? false).then((isAnswered) => {
      if (!isAnswered) handler(request, response);
    });
  };
  const server: Server =
    tls === undefined
      ? createServer(listener)
      : createTlsServer(
          // Clients may show a certificate, whoever has signed it.
          {
            key: readFileSync(tls.keyFile),
            cert: readFileSync(tls.certFile),
            requestCert: true,
            rejectUnauthorized: false,
          },
          listener,
        );
  await new Promise<void>((resolve) => {
    server.listen(0, address, resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: `${tls === undefined ? 'http' : 'https'}://${address}:${String(port)}/${projectName}`,
    repository,
    requests,
    outcomes,
    async die() {
      await mirrors.close();
      if (!server.listening) return;
      await new Promise<void>((resolve) => {
        server.close(() => {
          resolve();
        });
        server.closeAllConnections();
      });
    },
  };
}
