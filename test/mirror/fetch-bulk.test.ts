import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { ObjectId } from '../../src/core/object-id.ts';
import type { BulkRequest, BulkResult, OriginRef } from '../../src/mirror/bulk-fetch.ts';
import { fetchFromMirrors } from '../../src/mirror/fetch/fetch-from-mirrors.ts';
import { openGitProgram } from '../../src/mirror/git-program.ts';
import { mirrorLimits, type MirrorCandidate } from '../../src/mirror/mirror-candidate.ts';
import { makeRepository } from '../repositories/make-repository.ts';
import { Repository } from '../repositories/repository.ts';
import { makeTemporaryFolder, type TemporaryFolder } from '../repositories/temporary-folder.ts';
import { startGitDaemon } from '../servers/git-daemon.ts';
import { startHttpBackend, type HttpBackend } from '../servers/http-backend.ts';

const testTimeoutMs = 60_000;

let folder: TemporaryFolder;
let origin: Repository;
let here: Repository;
let backend: HttpBackend;
let notes: string[];

beforeEach(async () => {
  folder = await makeTemporaryFolder();
  origin = await makeRepository(join(folder.path, 'origin.git'), { commits: 20, branches: 3, tags: 2 });
  here = await Repository.init(join(folder.path, 'here.git'));
  backend = await startHttpBackend({ root: folder.path });
  notes = [];
});

afterEach(async () => {
  await backend.close();
  await folder[Symbol.asyncDispose]();
});

function mirrorAt(url: string, space: string): MirrorCandidate {
  return { url, scheme: url.slice(0, url.indexOf(':')), space, isUsers: false };
}

async function refsOf(repository: Repository): Promise<readonly OriginRef[]> {
  return [...(await repository.refs())].map(([name, oid]) => ({ name, oid: oid as ObjectId }));
}

async function fetchBulk(mirrors: readonly MirrorCandidate[], more: Partial<BulkRequest> = {}): Promise<BulkResult> {
  return fetchFromMirrors({
    git: openGitProgram(process.env, here.path),
    mirrors,
    wanted: await refsOf(origin),
    scope: [],
    limits: mirrorLimits,
    reporter: { note: (line) => notes.push(line), detail: () => undefined },
    signal: new AbortController().signal,
    skip: () => new AbortController().signal,
    ...more,
  });
}

/** What a failed fetch might have left in the folder of objects. */
async function leftovers(): Promise<readonly string[]> {
  const names = await readdir(join(here.path, 'objects'), { recursive: true });
  return names.filter((name) => /tmp_|\.keep$|\.lock$/.test(name));
}

describe('M1: objects of mirrors', () => {
  test('one mirror over HTTP gives everything, into its own refs alone', { timeout: testTimeoutMs }, async () => {
    const mirror = mirrorAt(`${backend.url}/origin.git`, 'near');
    const { used, failed, arrived } = await fetchBulk([mirror]);
    expect(failed).toEqual([]);
    expect(used).toEqual([mirror]);
    expect(arrived).toEqual(await refsOf(origin));
    const expected = [...(await origin.refs())].map(([name, oid]) => [name.replace('refs/', 'refs/mirror/near/'), oid]);
    expect([...(await here.refs())]).toEqual(expected);
    await here.git('fsck', '--strict');
    expect(await leftovers()).toEqual([]);
  });

  test('what is here is not asked for again', { timeout: testTimeoutMs }, async () => {
    const mirror = mirrorAt(`${backend.url}/origin.git`, 'near');
    await fetchBulk([mirror]);
    const requests = backend.requests.length;
    expect((await fetchBulk([mirror])).used).toEqual([]);
    expect(backend.requests.length).toBe(requests);
    await origin.commit('refs/heads/topic-1');
    await fetchBulk([mirror]);
    expect(notes.at(-1)).toContain('taking 1 ref from');
  });

  test('over git://, from a stale one and then from a fresh one', { timeout: testTimeoutMs }, async () => {
    await origin.git('clone', '-q', '--mirror', '.', join(folder.path, 'stale.git'));
    await origin.commit('refs/heads/main');
    const daemon = await startGitDaemon({ root: folder.path });
    try {
      const stale = mirrorAt(`${daemon.url}/stale.git`, 'a');
      const fresh = mirrorAt(`${daemon.url}/origin.git`, 'b');
      const first = await fetchBulk([stale]);
      expect(first.arrived.map(({ name }) => name)).not.toContain('refs/heads/main');
      const { used, arrived } = await fetchBulk([stale, fresh]);
      expect(used).toEqual([fresh]);
      expect(arrived).toEqual(await refsOf(origin));
      expect(notes.at(-1)).toContain('taking 1 ref from');
    } finally {
      await daemon.close();
    }
  });
});
