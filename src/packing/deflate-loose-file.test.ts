import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { deflateSync, inflateSync } from 'node:zlib';
import { expect, it } from 'vitest';
import { checkPack } from '../../test/packing/check-pack.ts';
import { makePack } from '../../test/packing/make-pack.ts';
import { incompressibleBytes } from '../../test/repositories/random-bytes.ts';
import { Repository } from '../../test/repositories/repository.ts';
import { runGit } from '../../test/repositories/run-git.ts';
import { makeTemporaryFolder } from '../../test/repositories/temporary-folder.ts';
import { deflateLooseFile } from './deflate-loose-file.ts';

async function deflated(path: string, size: number, signal = new AbortController().signal): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of deflateLooseFile(path, size, -1, signal)) chunks.push(chunk);
  return Buffer.concat(chunks);
}

it('passes the content of a loose object through', async () => {
  await using folder = await makeTemporaryFolder();
  const path = join(folder.path, 'object');
  for (const content of [Buffer.alloc(0), Buffer.from('a'), incompressibleBytes(300_000, 3), Buffer.alloc(2_000_000)]) {
    await writeFile(path, deflateSync(Buffer.concat([Buffer.from(`blob ${String(content.length)}\0`), content])));
    expect(inflateSync(await deflated(path, content.length)).equals(content)).toBe(true);
  }
});

it('says what is wrong with a damaged file, and stops when it is told to', async () => {
  await using folder = await makeTemporaryFolder();
  const path = join(folder.path, 'object');
  const content = incompressibleBytes(200_000, 5);
  const whole = deflateSync(Buffer.concat([Buffer.from('blob 200000\0'), content]));
  const damaged = Buffer.from(whole);
  damaged.fill(0xff, 100_000, 100_100);
  const cases = [
    { bytes: whole, size: 199_999 },
    { bytes: whole, size: 200_001 },
    { bytes: whole.subarray(0, 150_000), size: 200_000 },
    { bytes: damaged, size: 200_000 },
    { bytes: deflateSync(content), size: 200_000 },
    { bytes: Buffer.alloc(0), size: 200_000 },
  ];
  for (const { bytes, size } of cases) {
    await writeFile(path, bytes);
    await expect(deflated(path, size)).rejects.toMatchObject({ code: 'GM_CORRUPT' });
  }
  await expect(deflated(join(folder.path, 'none'), 1)).rejects.toMatchObject({ code: 'GM_SYSTEM' });
  await writeFile(path, whole);
  const reason = new Error('the client has left');
  await expect(deflated(path, 200_000, AbortSignal.abort(reason))).rejects.toBe(reason);
});

it('packs loose objects that are too large to be held', async () => {
  await using folder = await makeTemporaryFolder();
  const repository = await Repository.init(join(folder.path, 'source'));
  const file = join(folder.path, 'large');
  const content = Buffer.alloc(40 * 1024 * 1024);
  createHash('sha256').update('seed').copy().digest().copy(content, 30_000_000);
  await writeFile(file, content);
  const oid = await runGit(['-c', 'core.bigFileThreshold=1g', 'hash-object', '-w', file], { cwd: repository.path });
  const small = await runGit(['hash-object', '-w', '--stdin'], { cwd: repository.path, input: 'small' });
  const pack = await makePack(repository, [oid, small]);
  await checkPack(join(folder.path, 'client'), repository, pack);
});
