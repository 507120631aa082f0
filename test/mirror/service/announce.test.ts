import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { announceRepository } from '../../../src/node/announce-repository.ts';
import type { LogLevel } from '../../../src/node/logger.ts';
import type { NodeOptions, RunningNode } from '../../../src/node/node-options.ts';
import { startNode } from '../../../src/node/start-node.ts';
import { createClient } from '../../../src/sync/create-client.ts';
import { tellOrigin } from '../../../src/sync/tell-origin.ts';
import { freePort } from '../../servers/server-process.ts';
import { makeRepository } from '../../repositories/make-repository.ts';
import type { Repository } from '../../repositories/repository.ts';
import { runGit } from '../../repositories/run-git.ts';
import { makeTemporaryFolder, type TemporaryFolder } from '../../repositories/temporary-folder.ts';
import { askMirrors, pathIn, serveFolder, type ServedFolder } from './served-folder.ts';

let folder: TemporaryFolder;
let origin: ServedFolder;
let repository: Repository;
let nodes: { close(): Promise<void> }[] = [];

beforeEach(async () => {
  folder = await makeTemporaryFolder();
  origin = await serveFolder(join(folder.path, 'origin'));
  repository = await makeRepository(pathIn(origin, 'x.git'), { commits: 3 });
  await repository.configure('mirror.advertise', 'true');
  await repository.configure('mirror.notify', 'true');
  await repository.configure('mirror.notifyHost', '127.0.0.1');
});
afterEach(async () => {
  for (const node of nodes) await node.close();
  nodes = [];
  await origin.close();
  await folder[Symbol.asyncDispose]();
});

interface Line {
  readonly level: LogLevel;
  readonly event: string;
  readonly message: string;
}

async function up(options: Partial<NodeOptions> = {}): Promise<{ readonly node: RunningNode; readonly lines: Line[] }> {
  const lines: Line[] = [];
  const port = await freePort();
  const node = await startNode({
    repositories: [`${origin.url}x.git`],
    dataDir: join(folder.path, 'data'),
    listen: { port },
    nextFreePort: false,
    intervalMs: 100,
    backend: 'native',
    workers: 1,
    client: createClient(),
    advertiseMirrors: true,
    tellOrigin: (url, notice, signal) => tellOrigin(url, notice, {}, signal),
    mirrors: { publicUrl: `http://127.0.0.1:${String(port)}` },
    logger: { log: (level, event, message) => lines.push({ level, event, message }) },
    ...options,
  });
  nodes.push(node);
  return { node, lines };
}

async function until<Value>(look: () => Promise<Value | undefined>): Promise<Value> {
  for (;;) {
    const value = await look();
    if (value !== undefined) return value;
    await delay(50);
  }
}

/** The origin's list, once its one mirror is current. */
function listed(): Promise<string> {
  return until(async () => {
    const answer = await askMirrors(`${origin.url}x.git`);
    const [entry] = answer.kind === 'list' ? answer.list.mirrors : [];
    return entry?.state === 'current' ? entry.url : undefined;
  });
}

describe('M7: git mirror up --announce', { timeout: 120_000 }, () => {
  test('the origin lists the copy after the first sync, and as current again after each change', async () => {
    const { node, lines } = await up();
    expect(await listed()).toBe(`${node.url}x.git`);
    await repository.commit('refs/heads/main');
    await listed();
    await repository.commit('refs/heads/other');
    await listed();
    // The copy says itself which mirrors there are, and what it is a copy of.
    expect(await askMirrors(`${node.url}x.git`)).toMatchObject({
      kind: 'list',
      list: { canonical: [`${origin.url}x.git`] },
    });
    expect(lines.filter(({ event }) => event === 'announced')).toEqual([
      { level: 'info', event: 'announced', message: 'x.git: its upstream lists this copy as a mirror' },
    ]);
  });

  test('an upstream that takes none is left in peace', async () => {
    await repository.configure('mirror.notify', 'false');
    const { lines } = await up();
    await until(async () => lines.find(({ event }) => event === 'announced'));
    expect(lines.filter(({ event }) => event === 'announced')).toMatchObject([{ level: 'debug' }]);
  });

  test('an upstream that refuses is quoted once', async () => {
    await repository.configure('mirror.notifyHost', 'mirror.example.org');
    const { lines } = await up();
    await until(async () => lines.find(({ event }) => event === 'announced'));
    await repository.commit('refs/heads/main');
    await until(async () => (lines.filter(({ event }) => event === 'synced').length >= 3 ? true : undefined));
    expect(lines.filter(({ event }) => event === 'announced')).toEqual([
      {
        level: 'warn',
        event: 'announced',
        message: 'x.git: its upstream does not list this copy: mirrors at this host are not taken here',
      },
    ]);
  });

  test('nothing is said, and nothing is set, unless asked for', async () => {
    const { node, lines } = await up({ advertiseMirrors: undefined, tellOrigin: undefined });
    await node.firstSyncs;
    await until(async () => (lines.filter(({ event }) => event === 'synced').length >= 2 ? true : undefined));
    expect(lines.some(({ event }) => event === 'announced')).toBe(false);
    await expect(askMirrors(`${node.url}x.git`)).rejects.toMatchObject({ code: 'GM_PROTOCOL' });
  });
});

describe('M7: git mirror notify', { timeout: 120_000 }, () => {
  test("announces anybody's mirror: one kept by git, served by git's own programs", async () => {
    const mirror = await serveFolder(join(folder.path, 'mirror'), { backend: 'git' });
    nodes.push(mirror);
    await runGit(['clone', '-q', '--mirror', `${origin.url}x.git`, pathIn(mirror, 'copy.git')]);
    const { outcome } = await announceRepository({
      origin: `${origin.url}x.git`,
      at: `${mirror.url}copy.git`,
      repository: pathIn(mirror, 'copy.git'),
      ttlSeconds: 600,
      client: {},
      signal: new AbortController().signal,
    });
    expect(outcome).toEqual({ kind: 'ok' });
    expect(await listed()).toBe(`${mirror.url}copy.git`);
  });
});
