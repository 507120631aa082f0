import { readFile } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { gunzipSync } from 'node:zlib';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { planFileName } from '../../src/mirror/parts/plan-file.ts';
import { Repository } from '../repositories/repository.ts';
import { runGitForBytes } from '../repositories/run-git.ts';
import { openMirrorLab, type MirrorLab } from './lab/mirror-lab.ts';
import { leftovers, originRefsOf, reachableObjects, runParts } from './lab/parts-run.ts';

const testTimeoutMs = 120_000;

let lab: MirrorLab;
let staging: Repository;

beforeEach(async () => {
  lab = await openMirrorLab({ shape: { commits: 60, branches: 3, tags: 12, mergeEvery: 7, fileBytes: 4000 } });
  staging = await Repository.init(join(lab.path, 'staging.git'));
});

afterEach(async () => {
  await lab[Symbol.asyncDispose]();
});

type Answer = (wants: readonly string[], response: ServerResponse) => Promise<void>;

/** Lists what the origin has, as an honest mirror, and answers every fetch by `answer`. */
function lying(answer: Answer) {
  return {
    server: 'http-backend' as const,
    middleware: async (request: IncomingMessage, response: ServerResponse): Promise<boolean> => {
      if (request.method !== 'POST') return false;
      const chunks: Buffer[] = [];
      for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
      const raw = Buffer.concat(chunks);
      const text = (request.headers['content-encoding'] === 'gzip' ? gunzipSync(raw) : raw).toString('latin1');
      response.writeHead(200, { 'Content-Type': 'application/x-git-upload-pack-result' });
      if (text.includes('command=ls-refs')) {
        const refs = await originRefsOf(lab.origin.repository);
        response.end(`${refs.map(({ name, oid }) => packet(`${oid} ${name}\n`)).join('')}0000`);
        return true;
      }
      response.write(packet('packfile\n'));
      await answer(
        [...text.matchAll(/want ([0-9a-f]{40})/g)].map(([, oid = '']) => oid),
        response,
      );
      return true;
    },
  };
}

function packet(text: string): string {
  return (text.length + 4).toString(16).padStart(4, '0') + text;
}

function sendPack(pack: Buffer, response: ServerResponse): void {
  for (let at = 0; at < pack.length; at += 60_000) {
    const piece = pack.subarray(at, at + 60_000);
    response.write((piece.length + 5).toString(16).padStart(4, '0') + '\u0001');
    response.write(piece);
  }
  response.end('0000');
}

async function packOf(repository: Repository, oids: readonly string[]): Promise<Buffer> {
  return runGitForBytes(['pack-objects', '--stdout', '-q'], {
    cwd: repository.path,
    input: oids.map((oid) => `${oid}\n`).join(''),
  });
}

async function expectOnlyHonest(lies: Answer, complaint: RegExp): Promise<void> {
  const liar = await lab.addMirror(lying(lies));
  const honest = await lab.addMirror({ shape: { bytesPerSecond: 150_000 } });
  const notes: string[] = [];
  const result = await runParts(staging, lab.origin.repository, [liar.url, honest.url], { notes });
  expect(result.arrived).toEqual(await originRefsOf(lab.origin.repository));
  expect(result.failed).toMatchObject([
    { mirror: { url: liar.url }, reason: expect.stringMatching(complaint) as string },
  ]);
  expect(await reachableObjects(staging)).toEqual(await reachableObjects(lab.origin.repository));
  await staging.git('fsck', '--strict', '--no-dangling');
  expect(await leftovers(staging)).toEqual([]);
  const { parts } = JSON.parse(await readFile(join(staging.path, planFileName), 'utf8')) as {
    parts: { from?: string }[];
  };
  expect(parts.map(({ from }) => from)).not.toContain(liar.url);
}

test(
  'M12: a mirror that sends no pack',
  async () => {
    await expectOnlyHonest(async (_, response) => {
      sendPack(Buffer.from('<html>not a pack, but long enough to be looked at</html>'), response);
      return Promise.resolve();
    }, /does not take its pack/);
  },
  testTimeoutMs,
);

test(
  'M12: a mirror that sends a damaged pack',
  async () => {
    await expectOnlyHonest(async (wants, response) => {
      const pack = await packOf(lab.origin.repository, wants);
      pack.writeUInt8(pack.readUInt8(pack.length - 30) ^ 0x55, pack.length - 30);
      sendPack(pack, response);
    }, /does not take its pack/);
  },
  testTimeoutMs,
);

test(
  'M12: a mirror that sends another history',
  async () => {
    const other = await Repository.init(join(lab.path, 'other.git'));
    await other.commit('refs/heads/main');
    await expectOnlyHonest(async (_, response) => {
      sendPack(await packOf(other, [await other.resolve('main')]), response);
    }, /lacks/);
  },
  testTimeoutMs,
);

test(
  'M12: a mirror that sends the tips alone, and nothing that they reach',
  async () => {
    await expectOnlyHonest(async (wants, response) => {
      sendPack(await packOf(lab.origin.repository, wants), response);
    }, /lacks objects/);
  },
  testTimeoutMs,
);

test(
  'M12: a mirror that sends empty packs',
  async () => {
    await expectOnlyHonest(async (_, response) => {
      sendPack(await packOf(lab.origin.repository, []), response);
    }, /lacks/);
  },
  testTimeoutMs,
);

/** The beginning of a pack that claims a million objects, the first one a gigabyte: stored blocks of zeros. */
function* endlessPack(): Generator<Buffer, void, void> {
  yield Buffer.from([
    ...Buffer.from('PACK'),
    0,
    0,
    0,
    2,
    0,
    0x0f,
    0x42,
    0x40,
    0xb0,
    0x80,
    0x80,
    0x80,
    0x20,
    0x78,
    0x01,
  ]);
  const block = Buffer.concat([Buffer.from([0, 0xff, 0xff, 0, 0]), Buffer.alloc(65_535)]);
  for (;;) for (let at = 0; at < block.length; at += 32_768) yield block.subarray(at, at + 32_768);
}

async function trickle(response: ServerResponse, pieceBytes: number, pauseMs: number): Promise<void> {
  for (const bytes of endlessPack()) {
    for (let at = 0; at < bytes.length; at += pieceBytes) {
      if (response.destroyed) return;
      const piece = bytes.subarray(at, at + pieceBytes);
      response.write((piece.length + 5).toString(16).padStart(4, '0') + '\u0001');
      const isTaken = response.write(piece);
      if (pauseMs > 0 || !isTaken) await delay(Math.max(pauseMs, 5));
    }
  }
}

test(
  'M12: a mirror whose pack never ends',
  async () => {
    const liar = await lab.addMirror(lying(async (_, response) => trickle(response, 32_768, 0)));
    const limits = { firstByteMs: 20_000, stallMs: 10_000, minBytesPerSecond: 1, totalMs: 60_000, maxBytes: 2_000_000 };
    const result = await runParts(staging, lab.origin.repository, [liar.url], { limits });
    expect(result.arrived).toEqual([]);
    expect(result.failed).toMatchObject([{ reason: expect.stringContaining('more than 2000000 bytes') as string }]);
    expect(await leftovers(staging)).toEqual([]);
  },
  testTimeoutMs,
);

test(
  'M12: a mirror that sends one byte now and then',
  async () => {
    const liar = await lab.addMirror(lying(async (_, response) => trickle(response, 1, 100)));
    const limits = { firstByteMs: 2000, stallMs: 1000, minBytesPerSecond: 1000, totalMs: 60_000, maxBytes: 2_000_000 };
    const result = await runParts(staging, lab.origin.repository, [liar.url], { limits });
    expect(result.arrived).toEqual([]);
    expect(result.failed).toMatchObject([{ reason: expect.stringContaining('beginning') as string }]);
  },
  testTimeoutMs,
);

test(
  'M12: a mirror that redirects is not followed',
  async () => {
    const other = await lab.addMirror();
    const redirecting = await lab.addMirror({
      middleware: (request, response) => {
        response.writeHead(302, { Location: `${other.url}${(request.url ?? '').slice('/project.git'.length)}` }).end();
        return true;
      },
    });
    lab.forget();
    const result = await runParts(staging, lab.origin.repository, [redirecting.url]);
    expect(result.failed).toMatchObject([{ reason: expect.stringContaining('redirect') as string }]);
    expect(other.requests).toEqual([]);
  },
  testTimeoutMs,
);
