import { open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { emptyPack, type Part } from './part.ts';

/**
 * `parts`, those whose packs are not whole in the folder `packs` without one; what is left of such a pack is removed, since it
 * would be in the way of a whole one. Told by both files' ends, which hold the hash
 * that the pack is named for: a file that was cut has another end. What is damaged inside, git says when it reads it.
 */
export async function checkStoredPacks(parts: readonly Part[], packs: string): Promise<readonly Part[]> {
  return Promise.all(
    parts.map(async (part) => {
      const { tips, pack } = part;
      if (pack === undefined || pack === emptyPack) return part;
      const path = join(packs, pack);
      if (await isWhole(path, pack.slice('pack-'.length))) return part;
      for (const ending of ['.idx', '.rev', '.pack']) await rm(`${path}${ending}`, { force: true });
      return { tips };
    }),
  );
}

async function isWhole(path: string, hash: string): Promise<boolean> {
  const hashBytes = hash.length / 2;
  try {
    const [packEnd, indexEnd] = await Promise.all([
      readEnd(`${path}.pack`, hashBytes),
      // In front of the hash of the index itself.
      readEnd(`${path}.idx`, 2 * hashBytes),
    ]);
    return packEnd === hash && indexEnd.startsWith(hash);
  } catch {
    return false;
  }
}

/** The last `bytes` bytes of a file, in hexadecimal. */
async function readEnd(path: string, bytes: number): Promise<string> {
  const file = await open(path);
  try {
    const { size } = await file.stat();
    const { buffer, bytesRead } = await file.read(Buffer.alloc(bytes), 0, bytes, Math.max(0, size - bytes));
    return buffer.toString('hex', 0, bytesRead);
  } finally {
    await file.close();
  }
}
