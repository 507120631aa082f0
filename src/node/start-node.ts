import { existsSync } from 'node:fs';
import { mkdir, readdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { GitMirrorError } from '../core/error.ts';
import { findGitExecPath } from '../server/git-programs.ts';
import { RepositoryTable } from '../server/repository-table.ts';
import type { Client } from '../sync/client.ts';
import { removeCrashLeftovers } from './crash-leftovers.ts';
import { takeDataLock } from './data-lock.ts';
import { KnownRepositories } from './known-repositories.ts';
import { silentLogger } from './logger.ts';
import { MirrorNode } from './mirror-node.ts';
import type { NodeOptions, RunningNode } from './node-options.ts';
import { NodeServer } from './node-server.ts';
import { Replica } from './replica.ts';
import { createGit, type Git } from './run-git.ts';
import { resolveUpstream, type Upstream } from './upstream.ts';

/**
 * Starts a node: serves what `dataDir` already holds at once, brings every repository up to date, and keeps doing so.
 * Resolves when it listens. Throws `GM_USAGE` for malformed options or when there is nothing to mirror, `GM_SYSTEM`
 * when another node uses `dataDir`, the port cannot be had or git is missing, and the reason of `signal`.
 *
 *     dataDir/lock                     which process uses the folder
 *     dataDir/state.json               names, upstreams, times
 *     dataDir/repositories/<name>.git  the copies
 */
export async function startNode(options: NodeOptions): Promise<RunningNode> {
  options.signal?.throwIfAborted();
  assertInterval(options.intervalMs);
  const workingDir = options.workingDir ?? process.cwd();
  const upstreams = options.repositories.map((text) => resolveUpstream(text, workingDir));
  const dataDir = resolve(workingDir, options.dataDir);
  const repositoriesDir = join(dataDir, 'repositories');
  await mkdir(repositoriesDir, { recursive: true });
  const lock = await takeDataLock(join(dataDir, 'lock'));
  let server: NodeServer | undefined;
  try {
    const logger = options.logger ?? silentLogger;
    // Serving needs none, but copies are made and looked after by git.
    await findGitExecPath(options.env ?? process.env);
    const git = createGit(options.env ?? process.env);
    const statePath = join(dataDir, 'state.json');
    const known = await KnownRepositories.open({ statePath, repositoriesDir }, git, logger, () => new Date());
    const replicas = await prepareReplicas(upstreams, known, repositoriesDir, options.client, git, workingDir);
    await known.save();
    for (const { name } of known.all) {
      const directory = join(repositoriesDir, name);
      if (existsSync(directory)) await removeCrashLeftovers(directory);
    }
    if (options.advertiseMirrors === true) {
      for (const replica of replicas) if (existsSync(replica.directory)) await replica.advertiseMirrors();
    }
    const table = new RepositoryTable(repositoriesDir);
    if (options.once !== true) server = await NodeServer.start(options, table, logger);
    const node = new MirrorNode({ options, replicas, known, table, logger, server, lock, repositoriesDir });
    if (node.url !== '') {
      const what = `${replicas.length} ${replicas.length === 1 ? 'repository' : 'repositories'}`;
      logger.log('info', 'listening', `Mirroring ${what} at ${node.url}`, { url: node.url });
      server?.announceMore(logger);
    }
    node.start();
    return node;
  } catch (error) {
    await server?.close(0);
    await lock.release();
    throw error;
  }
}

function assertInterval(intervalMs: number | undefined): void {
  if (intervalMs === undefined || (Number.isFinite(intervalMs) && intervalMs > 0)) return;
  throw new GitMirrorError('GM_USAGE', 'intervalMs must be a number of milliseconds above 0');
}

async function prepareReplicas(
  named: readonly Upstream[],
  known: KnownRepositories,
  repositoriesDir: string,
  client: Client,
  git: Git,
  workingDir: string,
): Promise<readonly Replica[]> {
  const upstreams = named.length > 0 ? named : known.all.map(({ upstream }) => resolveUpstream(upstream, workingDir));
  if (upstreams.length === 0) {
    throw new GitMirrorError('GM_USAGE', 'There is nothing to mirror yet: name a repository by its URL or path');
  }
  const present = await readdir(repositoriesDir);
  const byName = new Map<string, Replica>();
  for (const upstream of upstreams) {
    const name = known.nameFor(upstream, present);
    const directory = join(repositoriesDir, name);
    if (!byName.has(name)) byName.set(name, new Replica({ name, directory, upstream, client, git }));
  }
  known.forgetNeverCopied(new Set(byName.keys()));
  return [...byName.values()];
}
