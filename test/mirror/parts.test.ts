import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { planFileName } from '../../src/mirror/parts/plan-file.ts';
import { Repository } from '../repositories/repository.ts';
import { openMirrorLab, type MirrorLab } from './lab/mirror-lab.ts';
import { commitsByPack, leftovers, originRefsOf, reachableObjects, runParts } from './lab/parts-run.ts';

const testTimeoutMs = 120_000;
/** Twelve tags are enough to cut the history at. */
const tagged = { commits: 60, branches: 3, tags: 12, mergeEvery: 7, fileBytes: 4000 };

let lab: MirrorLab;
let staging: Repository;

beforeEach(async () => {
  lab = await openMirrorLab({ shape: tagged });
  staging = await Repository.init(join(lab.path, 'staging.git'));
});

afterEach(async () => {
  await lab[Symbol.asyncDispose]();
});

interface StoredPlan {
  parts: { tips: string[]; pack?: string; from?: string }[];
}

async function storedPlan(): Promise<StoredPlan> {
  return JSON.parse(await readFile(join(staging.path, planFileName), 'utf8')) as StoredPlan;
}

async function expectWhole(): Promise<void> {
  expect(await reachableObjects(staging)).toEqual(await reachableObjects(lab.origin.repository));
  await staging.git('fsck', '--strict', '--no-dangling');
  expect(await leftovers(staging)).toEqual([]);
}

describe('M12: a clone in parts', () => {
  test(
    'from three mirrors of three kinds has all that the origin has, each commit once',
    async () => {
      const mirrors = [
        await lab.addMirror(),
        await lab.addMirror({ server: 'http-backend' }),
        await lab.addMirror({ server: 'git-daemon' }),
      ];
      const refs = await originRefsOf(lab.origin.repository);
      const result = await runParts(
        staging,
        lab.origin.repository,
        mirrors.map(({ url }) => url),
      );
      expect(result.failed).toEqual([]);
      expect(result.arrived).toEqual(refs);
      const plan = await storedPlan();
      expect(plan.parts.length).toBeGreaterThanOrEqual(8);
      expect(result.perMirror.reduce((sum, { parts }) => sum + parts, 0)).toBe(plan.parts.length);
      for (const { parts, bytes } of result.perMirror) {
        expect(parts).toBeGreaterThan(0);
        expect(bytes).toBeGreaterThan(0);
      }
      await expectWhole();
      const commits = [...(await commitsByPack(staging)).values()].flat();
      expect(new Set(commits).size).toBe(commits.length);
      expect(lab.origin.requests).toEqual([]);
      // Working space: names of mirrors and of the origin's refs do not appear.
      for (const name of (await staging.refs()).keys()) expect(name).toMatch(/^refs\/mirror\/parts\/[0-9a-f]{40}$/);
    },
    testTimeoutMs,
  );

  test(
    'asks nobody when all is there',
    async () => {
      const mirror = await lab.addMirror();
      await runParts(staging, lab.origin.repository, [mirror.url]);
      lab.forget();
      const again = await runParts(staging, lab.origin.repository, [mirror.url]);
      expect(again.arrived).toEqual(await originRefsOf(lab.origin.repository));
      expect(mirror.requests).toEqual([]);
    },
    testTimeoutMs,
  );

  test(
    'takes what the origin has got since as one more part',
    async () => {
      const mirror = await lab.addMirror();
      await runParts(staging, lab.origin.repository, [mirror.url]);
      const before = (await storedPlan()).parts.length;
      await lab.commit({ commits: 3 });
      await lab.tag('v99');
      await lab.sync(mirror);
      lab.forget();
      const again = await runParts(staging, lab.origin.repository, [mirror.url]);
      expect(again.arrived).toEqual(await originRefsOf(lab.origin.repository));
      expect((await storedPlan()).parts).toHaveLength(before + 1);
      expect(again.perMirror).toMatchObject([{ parts: 1 }]);
      await expectWhole();
    },
    testTimeoutMs,
  );

  test(
    'a mirror that is behind gives the parts it has, and the tips that nobody has are left to the origin',
    async () => {
      const fresh = await lab.addMirror();
      const behind = await lab.addMirror({ content: { commitsBehind: 20 } });
      const refs = await originRefsOf(lab.origin.repository);
      const result = await runParts(staging, lab.origin.repository, [behind.url, fresh.url]);
      expect(result.failed).toEqual([]);
      expect(result.arrived).toEqual(refs);
      await expectWhole();

      const alone = await Repository.init(join(lab.path, 'alone.git'));
      const some = await runParts(alone, lab.origin.repository, [behind.url]);
      expect(some.failed).toEqual([]);
      expect(some.arrived.length).toBeGreaterThan(0);
      expect(some.arrived).not.toContainEqual(refs.find(({ name }) => name === 'refs/heads/main'));
      for (const { oid } of some.arrived) await alone.git('rev-list', '--objects', '--quiet', oid);
    },
    testTimeoutMs,
  );

  test(
    'of a history without tags, asks for commits first and cuts it there',
    async () => {
      await using plain = await openMirrorLab({ shape: { commits: 1500, mergeEvery: 9 } });
      const mirrors = [await plain.addMirror(), await plain.addMirror()];
      for (const { repository } of mirrors) await repository.configure('uploadpack.allowFilter', 'true');
      const result = await runParts(
        staging,
        plain.origin.repository,
        mirrors.map(({ url }) => url),
      );
      expect(result.failed).toEqual([]);
      const { parts } = await storedPlan();
      expect(parts).toHaveLength(8);
      expect(await reachableObjects(staging)).toEqual(await reachableObjects(plain.origin.repository));
      const counts = [...(await commitsByPack(staging)).values()].map((commits) => commits.length);
      expect(counts).toHaveLength(8);
      const total = counts.reduce((sum, count) => sum + count, 0);
      for (const count of counts) expect(count).toBeLessThan(total / 4);
    },
    testTimeoutMs,
  );

  test(
    'in one part where a mirror can do no better',
    async () => {
      await using plain = await openMirrorLab({ shape: { commits: 30, branches: 2, tags: 2 } });
      const mirror = await plain.addMirror();
      const result = await runParts(staging, plain.origin.repository, [mirror.url]);
      expect(result.arrived).toEqual(await originRefsOf(plain.origin.repository));
      expect((await storedPlan()).parts).toHaveLength(1);
    },
    testTimeoutMs,
  );

  test(
    'with SHA-256 names',
    async () => {
      await using other = await openMirrorLab({ shape: { ...tagged, format: 'sha256' } });
      const mirrors = [await other.addMirror(), await other.addMirror({ server: 'http-backend' })];
      const target = await Repository.init(join(other.path, 'staging.git'), 'sha256');
      const result = await runParts(
        target,
        other.origin.repository,
        mirrors.map(({ url }) => url),
      );
      expect(result.arrived).toEqual(await originRefsOf(other.origin.repository));
      expect(await reachableObjects(target)).toEqual(await reachableObjects(other.origin.repository));

      const wrong = await runParts(staging, other.origin.repository, [mirrors[0]?.url ?? '']);
      expect(wrong.arrived).toEqual([]);
      expect(wrong.failed).toMatchObject([{ reason: expect.stringContaining('sha256') as string }]);
    },
    testTimeoutMs,
  );
});

describe('M12: what failed, or was ended', () => {
  test(
    'another mirror gives the parts of one that goes away',
    async () => {
      const leaving = await lab.addMirror({ shape: { cutAfterBytes: 30_000 } });
      const staying = await lab.addMirror();
      const notes: string[] = [];
      const result = await runParts(staging, lab.origin.repository, [leaving.url, staying.url], { notes });
      expect(result.arrived).toEqual(await originRefsOf(lab.origin.repository));
      await expectWhole();
      expect(notes.join('\n')).toContain('did not come from');
    },
    testTimeoutMs,
  );

  test(
    'mirrors that refuse are no error',
    async () => {
      const refusing = await lab.addMirror({ shape: { isRefused: true } });
      const closed = await lab.addMirror({ login: { username: 'u', password: 'p' } });
      const empty = await lab.addMirror({ content: 'empty' });
      const result = await runParts(staging, lab.origin.repository, [refusing.url, closed.url, empty.url]);
      expect(result.arrived).toEqual([]);
      expect(result.failed.map(({ mirror }) => mirror.url)).toEqual([refusing.url, closed.url]);
      // It has nothing, and is asked for nothing.
      expect(empty.requests.map(({ method }) => method)).toEqual(['GET', 'POST']);
      expect(await leftovers(staging)).toEqual([]);
    },
    testTimeoutMs,
  );

  test(
    'one that stalls loses its part to another',
    async () => {
      const stalling = await lab.addMirror({ shape: { stallAfterBytes: 20_000 } });
      const slow = await lab.addMirror({ shape: { bytesPerSecond: 200_000 } });
      const limits = {
        firstByteMs: 15_000,
        stallMs: 6000,
        minBytesPerSecond: 1,
        totalMs: 100_000,
        maxBytes: 2 ** 30,
      };
      const result = await runParts(staging, lab.origin.repository, [stalling.url, slow.url], { limits });
      expect(result.arrived).toEqual(await originRefsOf(lab.origin.repository));
      // Found to stall, or overtaken before that.
      expect(result.perMirror).toMatchObject([{ parts: 0 }, { mirror: { url: slow.url } }]);
      await expectWhole();
    },
    testTimeoutMs,
  );

  test(
    'what a mirror may send is bounded',
    async () => {
      const mirror = await lab.addMirror();
      const limits = {
        firstByteMs: 30_000,
        stallMs: 10_000,
        minBytesPerSecond: 1,
        totalMs: 100_000,
        maxBytes: 100_000,
      };
      const result = await runParts(staging, lab.origin.repository, [mirror.url], { limits });
      expect(result.failed).toMatchObject([{ reason: expect.stringContaining('more than 100000 bytes') as string }]);
      expect(result.arrived.length).toBeLessThan((await originRefsOf(lab.origin.repository)).length);
      expect(mirror.link.bytesToClients).toBeLessThan(400_000);
    },
    testTimeoutMs,
  );

  test(
    'Ctrl-C ends the asking; what is there is joined, and the next run goes on from it',
    async () => {
      const mirror = await lab.addMirror({ shape: { bytesPerSecond: 80_000 } });
      const whole = await lab.addMirror();
      const skip = new AbortController();
      const timer = setInterval(() => {
        void storedPlan()
          .then(({ parts }) => {
            if (parts.slice(0, 2).every(({ pack }) => pack !== undefined)) skip.abort(new Error('skipped'));
          })
          .catch(() => undefined);
      }, 20);
      const first = await runParts(staging, lab.origin.repository, [mirror.url], { skip: () => skip.signal });
      clearInterval(timer);
      const refs = await originRefsOf(lab.origin.repository);
      expect(first.arrived.length).toBeGreaterThan(0);
      expect(first.arrived.length).toBeLessThan(refs.length);
      const second = await runParts(staging, lab.origin.repository, [whole.url]);
      expect(second.arrived).toEqual(refs);
      await expectWhole();
    },
    testTimeoutMs,
  );

  test(
    'the signal ends all of it with its reason',
    async () => {
      const mirror = await lab.addMirror({ shape: { bytesPerSecond: 20_000 } });
      const reason = new Error('enough');
      const run = runParts(staging, lab.origin.repository, [mirror.url], { signal: AbortSignal.timeout(1500) });
      await expect(run).rejects.toMatchObject({ name: 'TimeoutError' });
      const aborted = runParts(staging, lab.origin.repository, [mirror.url], { signal: AbortSignal.abort(reason) });
      await expect(aborted).rejects.toBe(reason);
      expect(await leftovers(staging)).toEqual([]);
    },
    testTimeoutMs,
  );

  test.each(['{', '[]', '{"version":1,"origin":"https://origin.example/project.git","parts":[{"tips":["--all"]}]}'])(
    'a plan file that is none is not used: %s',
    async (content) => {
      await writeFile(join(staging.path, planFileName), content);
      const mirror = await lab.addMirror();
      const result = await runParts(staging, lab.origin.repository, [mirror.url]);
      expect(result.arrived).toEqual(await originRefsOf(lab.origin.repository));
      await expectWhole();
    },
    testTimeoutMs,
  );

  test(
    'packs that have gone or were cut since are asked for again',
    async () => {
      const mirror = await lab.addMirror();
      await runParts(staging, lab.origin.repository, [mirror.url]);
      for (const name of (await staging.refs()).keys()) await staging.deleteRef(name);
      const packs = (await storedPlan()).parts.map(({ pack = '' }) => join(staging.path, 'objects', 'pack', pack));
      const [gone = '', cut = ''] = packs;
      await rm(`${gone}.pack`);
      await rm(`${gone}.idx`);
      const bytes = await readFile(`${cut}.pack`);
      await rm(`${cut}.pack`);
      await writeFile(`${cut}.pack`, bytes.subarray(0, bytes.length - 100));
      const again = await runParts(staging, lab.origin.repository, [mirror.url]);
      expect(again.perMirror).toMatchObject([{ parts: 2 }]);
      expect(again.arrived).toEqual(await originRefsOf(lab.origin.repository));
      await expectWhole();
    },
    testTimeoutMs,
  );
});

test(
  'M12: the last part of a mirror that is much slower is taken over, once nothing else is left',
  async () => {
    // Alive, and above every bound, but it would take minutes for its part.
    const slow = await lab.addMirror({ shape: { bytesPerSecond: 1500 } });
    const fast = await lab.addMirror();
    const result = await runParts(staging, lab.origin.repository, [slow.url, fast.url], {
      limits: { firstByteMs: 60_000, stallMs: 60_000, minBytesPerSecond: 1, totalMs: 300_000, maxBytes: 2 ** 30 },
    });
    expect(result.arrived).toEqual(await originRefsOf(lab.origin.repository));
    // Being slow is no failure.
    expect(result.failed).toEqual([]);
    expect(result.perMirror).toMatchObject([{ parts: 0 }, { parts: (await storedPlan()).parts.length }]);
    expect(slow.link.bytesToClients).toBeLessThan(100_000);
    await expectWhole();
  },
  testTimeoutMs,
);

test(
  'M12: with fetch.fsckObjects, git takes everything in one piece and checks it',
  async () => {
    await staging.configure('transfer.fsckObjects', 'true');
    const mirrors = [await lab.addMirror(), await lab.addMirror()];
    const notes: string[] = [];
    const urls = mirrors.map(({ url }) => url);
    const result = await runParts(staging, lab.origin.repository, urls, { notes });
    expect(result.arrived).toEqual(await originRefsOf(lab.origin.repository));
    expect(notes[0]).toContain('fetch.fsckObjects');
    await expect(storedPlan()).rejects.toThrow('ENOENT');
    await expectWhole();
  },
  testTimeoutMs,
);
