import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createEmptyRepository, createSampleRepository, git, listRefs } from '../../test/servers/sample-repository.ts';
import { startGitFront } from '../../test/serving/git-front.ts';
import { GitMirrorError } from '../core/error.ts';
import { createGitHttpBackend } from '../server/git-http-backend.ts';
import { RepositoryTable } from '../server/repository-table.ts';
import type { Client } from '../sync/client.ts';
import { createClient } from '../sync/create-client.ts';
import type { LogFields } from './logger.ts';
import type { NodeOptions, RunningNode } from './node-options.ts';
import { startNode } from './start-node.ts';

const run = promisify(execFile);

interface LogLine extends LogFields {
  readonly level: string;
  readonly event: string;
  readonly message: string;
}

let dir: string;
let dataDir: string;
let upstream: string;
let log: LogLine[];
let nodes: RunningNode[];

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'git-mirror-node-'));
  dataDir = join(dir, 'data');
  upstream = join(dir, 'app.git');
  log = [];
  nodes = [];
  await createSampleRepository(upstream);
});
afterEach(async () => {
  await Promise.all(nodes.map((node) => node.close()));
  await rm(dir, { recursive: true, force: true });
});

async function start(repositories: readonly string[], options: Partial<NodeOptions> = {}): Promise<RunningNode> {
  const node = await startNode({
    repositories,
    dataDir,
    listen: { port: 0 },
    intervalMs: 150,
    client: createClient(),
    logger: {
      log: (level, event, message, fields) => {
        log.push({ level, event, message, ...fields });
      },
    },
    ...options,
  });
  nodes.push(node);
  return node;
}

const urlOf = (node: RunningNode, index = 0): string => node.repositories[index]?.cloneUrl ?? '';
const copyOf = (name: string): string => join(dataDir, 'repositories', name);
const linesOf = (event: string): readonly LogLine[] => log.filter((line) => line.event === event);
const headOf = (repository: string): Promise<string> => git(['-C', repository, 'symbolic-ref', 'HEAD']);

/** What a client sees, HEAD included. */
const seenAt = (url: string): Promise<string> => git(['ls-remote', '--symref', url]);

describe('mirroring', () => {
  test('several upstreams, by path and by URL, can be cloned; the copies have their refs and HEAD', async () => {
    await createSampleRepository(join(dir, 'served', 'lib.git'));
    const table = new RepositoryTable(join(dir, 'served'));
    table.set({ name: 'group/lib.git', directory: join(dir, 'served', 'lib.git'), state: 'ready' });
    const front = await startGitFront({ repositories: table, backend: await createGitHttpBackend() });
    try {
      const secretUrl = front.url.replace('//', '//me:s3cret@');
      const node = await start(['app.git', `${secretUrl}group/lib.git`], { workingDir: dir });
      expect(await node.firstSyncs).toEqual({ succeeded: 2, failed: 0 });
      expect(node.repositories.map(({ name }) => name)).toEqual(['app.git', 'lib.git']);
      expect(await seenAt(urlOf(node))).toBe(await seenAt(upstream));
      expect(await seenAt(urlOf(node, 1))).toBe(await seenAt(`${front.url}group/lib.git`));
      await git(['clone', '-q', urlOf(node, 1), join(dir, 'clone')]);
      await git(['-C', copyOf('lib.git'), 'fsck', '--strict', '--connectivity-only']);
      const state = await readFile(join(dataDir, 'state.json'), 'utf8');
      const config = await readFile(join(copyOf('lib.git'), 'config'), 'utf8');
      expect(state + config + JSON.stringify(log)).not.toContain('s3cret');
      expect(linesOf('synced')[0]).toMatchObject({ created: 3, updated: 0, deleted: 0 });
      expect(linesOf('serving').map(({ cloneUrl }) => cloneUrl)).toContain(urlOf(node));
    } finally {
      await front.close();
    }
  });

  test('the copies are served over git:// as well, and counted, where that is asked for', async () => {
    const node = await start([upstream], { gitListen: { port: 0 }, metricsListen: { port: 0 }, workers: 1 });
    await node.firstSyncs;
    const gitUrl = String(linesOf('listening-git')[0]?.['url']);
    expect(await seenAt(`${gitUrl}app.git`)).toBe(await seenAt(upstream));
    const metrics = await (await fetch(String(linesOf('listening-metrics')[0]?.['url']))).text();
    expect(metrics).toMatch(/git_mirror_requests_total\{[^}]*command="ls-refs"[^}]*\} 1/);
  });

  test('updates, new and deleted branches and a moved tag show after the interval', async () => {
    const node = await start([upstream]);
    await node.firstSyncs;
    await git(['-C', upstream, 'update-ref', 'refs/heads/new', 'refs/heads/main']);
    await git(['-C', upstream, 'update-ref', 'refs/heads/main', 'refs/heads/old']);
    await git(['-C', upstream, 'update-ref', '-d', 'refs/heads/old']);
    await git(['-C', upstream, 'tag', '-f', 'v1', 'new']);
    await expect.poll(() => seenAt(urlOf(node)), { timeout: 10_000 }).toBe(await seenAt(upstream));
    const total = (field: string) => linesOf('synced').reduce((sum, line) => sum + Number(line[field]), 0);
    await expect.poll(() => ['created', 'updated', 'deleted'].map(total)).toEqual([4, 2, 1]);
    expect(linesOf('sync-failed')).toEqual([]);
  });

  test('HEAD follows, also when the branch it named is deleted at the same time', async () => {
    const node = await start([upstream]);
    await node.firstSyncs;
    expect(await headOf(copyOf('app.git'))).toBe('refs/heads/main');
    await git(['-C', upstream, 'symbolic-ref', 'HEAD', 'refs/heads/trunk']);
    await git(['-C', upstream, 'update-ref', 'refs/heads/trunk', 'v1^{commit}']);
    await git(['-C', upstream, 'update-ref', '-d', 'refs/heads/main']);
    await expect.poll(() => seenAt(urlOf(node)), { timeout: 10_000 }).toBe(await seenAt(upstream));
    expect(await headOf(copyOf('app.git'))).toBe('refs/heads/trunk');
    expect(linesOf('sync-failed')).toEqual([]);
  });

  test('of a checkout, branches, tags and notes are copied, and not what is its own business', async () => {
    const checkout = join(dir, 'checkout');
    await git(['clone', '-q', upstream, checkout]);
    await writeFile(join(checkout, 'file'), 'x');
    await git(['-C', checkout, 'add', 'file']);
    await git(['-C', checkout, 'stash', '-q']);
    await git(['-C', checkout, 'notes', 'add', '-m', 'note', 'HEAD']);
    const node = await start([checkout]);
    await node.firstSyncs;
    const names = (await listRefs(copyOf('checkout.git'))).map(({ name }) => name);
    expect(names).toEqual(['refs/heads/main', 'refs/notes/commits', 'refs/tags/v1']);
  });

  test('a detached HEAD on no branch is followed on this machine, and left again', async () => {
    const checkout = join(dir, 'checkout');
    await git(['clone', '-q', upstream, checkout]);
    await git(['-C', checkout, 'checkout', '-q', '--detach']);
    await git(['-C', checkout, 'commit', '-q', '--allow-empty', '-m', 'on no branch']);
    const oid = await git(['-C', checkout, 'rev-parse', 'HEAD']);
    const node = await start([checkout]);
    await node.firstSyncs;
    await git(['clone', '-q', urlOf(node), join(dir, 'clone')]);
    expect(await git(['-C', join(dir, 'clone'), 'rev-parse', 'HEAD'])).toBe(oid);
    await git(['-C', checkout, 'checkout', '-q', 'main']);
    await expect
      .poll(() => headOf(copyOf('checkout.git')).catch(() => ''), { timeout: 10_000 })
      .toBe('refs/heads/main');
  });

  test('an empty upstream is served empty, and filled later', async () => {
    const empty = join(dir, 'empty.git');
    await createEmptyRepository(empty);
    await git(['-C', empty, 'symbolic-ref', 'HEAD', 'refs/heads/trunk']);
    const node = await start([empty]);
    expect(await node.firstSyncs).toEqual({ succeeded: 1, failed: 0 });
    await git(['clone', '-q', urlOf(node), join(dir, 'clone')]);
    expect(await headOf(copyOf('empty.git'))).toBe('refs/heads/trunk');
    await git(['-C', upstream, 'push', '-q', empty, 'main:trunk']);
    await expect.poll(() => seenAt(urlOf(node)), { timeout: 10_000 }).toBe(await seenAt(empty));
  });

  test('an upstream whose HEAD names no branch yet', async () => {
    await git(['-C', upstream, 'symbolic-ref', 'HEAD', 'refs/heads/unborn']);
    const node = await start([upstream]);
    await node.firstSyncs;
    expect(await headOf(copyOf('app.git'))).toBe('refs/heads/unborn');
    expect(await listRefs(copyOf('app.git'))).toEqual(await listRefs(upstream));
  });

  test('sha256', async () => {
    const sha256 = join(dir, 'sha256.git');
    await git(['init', '-q', '--bare', '--object-format=sha256', '--initial-branch=main', sha256]);
    const tree = await git(['-C', sha256, 'hash-object', '-t', 'tree', '-w', '/dev/null']);
    const commit = await git(['-C', sha256, 'commit-tree', tree, '-m', 'x']);
    await git(['-C', sha256, 'update-ref', 'refs/heads/main', commit]);
    const node = await start([sha256]);
    expect(await node.firstSyncs).toEqual({ succeeded: 1, failed: 0 });
    await git(['clone', '-q', urlOf(node), join(dir, 'clone')]);
    expect(await git(['-C', join(dir, 'clone'), 'rev-parse', 'HEAD'])).toBe(commit);
  });

  test('hooks and settings of whoever runs the node do not get in the way', async () => {
    const hooks = join(dir, 'hooks');
    await mkdir(hooks);
    await writeFile(join(hooks, 'pre-receive'), '#!/bin/sh\nexit 1\n', { mode: 0o755 });
    const config = join(dir, 'config');
    await writeFile(
      config,
      `[core]\n\thooksPath = ${hooks}\n[receive]\n\tdenyNonFastForwards = true\n\tdenyDeletes = true\n`,
    );
    const env = { ...process.env, GIT_CONFIG_GLOBAL: config };
    const node = await start([upstream], { env, client: createClient({ env }) });
    expect(await node.firstSyncs).toEqual({ succeeded: 1, failed: 0 });
    await git(['-C', upstream, 'update-ref', 'refs/heads/main', 'refs/heads/old']);
    await git(['-C', upstream, 'update-ref', '-d', 'refs/heads/old']);
    await expect.poll(() => seenAt(urlOf(node)), { timeout: 10_000 }).toBe(await seenAt(upstream));
  });
});

describe('the data folder', () => {
  test('a second start serves at once, without the upstream; its error is logged once', async () => {
    const first = await start([upstream]);
    await first.firstSyncs;
    await first.close();
    const seen = await seenAt(upstream);
    await rename(upstream, `${upstream}.away`);
    const second = await start([upstream]);
    expect(await seenAt(urlOf(second))).toBe(seen);
    expect(await second.firstSyncs).toEqual({ succeeded: 0, failed: 1 });
    await expect.poll(() => linesOf('sync-failed').length).toBe(1);
    await new Promise((resolve) => setTimeout(resolve, 600));
    expect(linesOf('sync-failed')).toHaveLength(1);
    await rename(`${upstream}.away`, upstream);
    const count = linesOf('synced').length;
    await expect.poll(() => linesOf('synced').length, { timeout: 10_000 }).toBeGreaterThan(count);
  });

  test('what was mirrored before stays served, and without names everything goes on', async () => {
    await createSampleRepository(join(dir, 'other', 'app.git'));
    const other = join(dir, 'other', 'app.git');
    const first = await start([upstream, other, upstream]);
    await first.firstSyncs;
    expect(first.repositories.map(({ name }) => name)).toEqual(['app.git', 'app-2.git']);
    await first.close();

    const second = await start([other]);
    expect(second.repositories.map(({ name }) => name)).toEqual(['app-2.git']);
    expect(await seenAt(`${second.url}app.git`)).toBe(await seenAt(upstream));
    await second.close();

    const third = await start([]);
    expect(third.repositories.map((repository) => repository.upstream)).toEqual([upstream, other]);
    await third.close();

    await rm(copyOf('app.git'), { recursive: true });
    const fourth = await start([]);
    expect(fourth.repositories.map((repository) => repository.upstream)).toEqual([other]);
  });

  test('a name that was mistyped is forgotten at the next start', async () => {
    const first = await start([upstream, join(dir, 'typo')]);
    await first.firstSyncs;
    await first.close();
    const second = await start([upstream]);
    expect((await fetch(`${second.url}typo.git/info/refs`)).status).toBe(404);
    await second.close();
    expect(await readFile(join(dataDir, 'state.json'), 'utf8')).not.toContain('typo');
  });

  test('a lost or broken state file loses no copy', async () => {
    const first = await start([upstream]);
    await first.firstSyncs;
    await first.close();
    const other = join(dir, 'other', 'app.git');
    await createSampleRepository(other);
    for (const damage of [
      () => rm(join(dataDir, 'state.json')),
      () => writeFile(join(dataDir, 'state.json'), '{"ver'),
    ]) {
      await damage();
      const node = await start([other, upstream]);
      expect(node.repositories.map(({ name }) => name).sort()).toEqual(['app-2.git', 'app.git']);
      expect(await seenAt(`${node.url}app.git`)).toBe(await seenAt(upstream));
      await node.close();
    }
    expect(linesOf('state-broken')).toHaveLength(1);
  });

  test('one node at a time; a lock left by a killed node is no obstacle, nor what it left half done', async () => {
    const first = await start([upstream]);
    await first.firstSyncs;
    await expect(start([upstream])).rejects.toMatchObject({ code: 'GM_SYSTEM' });
    await first.close();
    const { stdout } = await run(process.execPath, ['-p', 'process.pid']);
    await writeFile(join(dataDir, 'lock'), JSON.stringify({ pid: Number(stdout) }));
    await mkdir(join(dataDir, 'repositories', '.new-half'));
    await writeFile(join(copyOf('app.git'), 'refs', 'heads', 'main.lock'), '');
    await git(['-C', upstream, 'update-ref', 'refs/heads/main', 'refs/heads/old']);
    const second = await start([upstream]);
    expect(await second.firstSyncs).toEqual({ succeeded: 1, failed: 0 });
    expect(await readdir(join(dataDir, 'repositories'))).toEqual(['app.git']);
  });

  test('a first copy that is not complete is not served yet', async () => {
    const missing = join(dir, 'later.git');
    const node = await start([missing]);
    expect(await node.firstSyncs).toEqual({ succeeded: 0, failed: 1 });
    const answer = await fetch(`${urlOf(node)}/info/refs?service=git-upload-pack`);
    expect(answer.status).toBe(503);
    expect(answer.headers.get('retry-after')).not.toBeNull();
    await createSampleRepository(missing);
    await expect.poll(() => linesOf('serving').length, { timeout: 10_000 }).toBe(1);
    expect(await seenAt(urlOf(node))).toBe(await seenAt(missing));
  });
});

describe('starting and stopping', () => {
  test('with nothing to mirror, a bad interval or a bad URL it does not start, and leaves no lock', async () => {
    const attempts = [() => start([]), () => start([upstream], { intervalMs: 0 }), () => start(['http://'])];
    for (const attempt of attempts) await expect(attempt()).rejects.toMatchObject({ code: 'GM_USAGE' });
    expect(existsSync(join(dataDir, 'lock'))).toBe(false);
  });

  test('a port that is taken: the next free one, or an error', async () => {
    const blocker = createServer();
    await new Promise<void>((resolve) => {
      blocker.listen(0, '127.0.0.1', resolve);
    });
    try {
      const address = blocker.address();
      const port = typeof address === 'object' && address !== null ? address.port : 0;
      const node = await start([upstream], { listen: { port } });
      expect(Number(new URL(node.url).port)).toBeGreaterThan(port);
      await node.close();
      const strict = start([upstream], { listen: { port }, nextFreePort: false });
      await expect(strict).rejects.toMatchObject({ code: 'GM_SYSTEM' });
      expect(existsSync(join(dataDir, 'lock'))).toBe(false);
    } finally {
      await new Promise((resolve) => blocker.close(resolve));
    }
  });

  test('without git it says what to install', async () => {
    await expect(start([upstream], { env: { PATH: dir } })).rejects.toMatchObject({
      code: 'GM_SYSTEM',
      message: expect.stringContaining('install git') as string,
    });
  });

  test('a sync that does not end is broken off, and nobody is told that it failed', async () => {
    let isAborted = false;
    const client: Client = {
      ...createClient(),
      replicate: (_request, { signal } = {}) =>
        new Promise((_resolve, reject) => {
          signal?.addEventListener('abort', () => {
            isAborted = true;
            reject(signal.reason as Error);
          });
        }),
    };
    const node = await start([upstream], { client });
    await expect.poll(() => existsSync(copyOf('app.git'))).toBe(true);
    const startedAt = performance.now();
    await node.close();
    expect(isAborted).toBe(true);
    expect(performance.now() - startedAt).toBeLessThan(6000);
    expect(await node.firstSyncs).toEqual({ succeeded: 0, failed: 1 });
    expect(linesOf('sync-failed')).toEqual([]);
    await expect(fetch(node.url)).rejects.toThrow();
  });

  test('upkeep that fails does not make the sync a failure', async () => {
    const node = await start([upstream], { intervalMs: 60_000 });
    await node.firstSyncs;
    await node.close();
    // A setting that only git gc reads, and cannot.
    await git(['-C', copyOf('app.git'), 'config', 'gc.auto', 'no number']);
    await git(['-C', upstream, 'update-ref', 'refs/heads/main', 'refs/heads/old']);
    const again = await start([upstream]);
    expect(await again.firstSyncs).toEqual({ succeeded: 1, failed: 0 });
    await expect.poll(() => linesOf('upkeep-failed').length).toBe(1);
    expect(linesOf('sync-failed')).toEqual([]);
  });

  test('one sync of a repository at a time, however short the interval', async () => {
    const real = createClient();
    let active = 0;
    let most = 0;
    const client: Client = {
      ...real,
      replicate: async (request, call) => {
        active += 1;
        most = Math.max(most, active);
        try {
          return await real.replicate(request, call);
        } finally {
          active -= 1;
        }
      },
    };
    await start([upstream], { client, intervalMs: 1 });
    await expect.poll(() => linesOf('synced').length, { timeout: 20_000 }).toBeGreaterThan(5);
    expect(most).toBe(1);
  });

  test('an upstream that asks to be left alone is asked again only then', async () => {
    let calls = 0;
    const client: Client = {
      ...createClient(),
      probe: async () => {
        calls += 1;
        throw new GitMirrorError('GM_BUSY', 'busy', { details: { retryAfterMs: 60_000 } });
      },
    };
    const node = await start([upstream], { client, intervalMs: 20 });
    await node.firstSyncs;
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(calls).toBe(1);
  });
});
