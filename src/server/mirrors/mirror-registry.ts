import { randomUUID } from 'node:crypto';
import { mkdir, open, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { isGitMirrorError } from '../../core/error.ts';
import { isSettled, readSmallFile, stampOf } from '../../repository/file-stamp.ts';
import { repositoryKey } from '../../transport/repository-key.ts';
import { parseNoticeUrl } from './notice-url.ts';

/** Mirrors that one repository keeps, and of one host: who has many names for one machine shall not fill it alone. */
const maxEntries = 1000;
const maxPerHost = 20;
const maxFileBytes = 8 * 1024 * 1024;
/** Repositories whose file is remembered. */
const maxRemembered = 256;

const keptMirror = z.object({
  url: z.string().refine((url) => !('refused' in parseNoticeUrl(url))),
  digest: z.string().regex(/^[0-9a-f]{64}$/),
  /** Milliseconds since 1970. */
  seenAtMs: z.number().int().nonnegative(),
  expiresAtMs: z.number().int().nonnegative(),
  signature: z
    .string()
    .max(16 * 1024)
    .optional(),
});
const registryFile = z.object({ version: z.literal(1), mirrors: z.array(keptMirror).max(maxEntries) });

/** A mirror that has said that it exists, and was called back. */
export type KeptMirror = Readonly<z.infer<typeof keptMirror>>;

interface Remembered {
  readonly stamp: string | undefined;
  readonly mirrors: readonly KeptMirror[];
}

/**
 * The mirrors that have registered, in the file `git-mirror/mirrors.json` of each repository: what was said before a restart
 * holds after it. One process writes at a time to one repository; of two that write at the same moment one may be forgotten
 * until its next notice.
 */
export class MirrorRegistry {
  /** Least recently used first. */
  readonly #remembered = new Map<string, Remembered>();
  readonly #writing = new Map<string, Promise<unknown>>();
  readonly #onBroken: (path: string) => void;

  /** @param onBroken - told of a file whose content is not what this class writes; it counts as empty */
  constructor(onBroken: (path: string) => void = () => undefined) {
    this.#onBroken = onBroken;
  }

  /**
   * Those whose time is not over, the last to be seen first.
   *
   * @param directory - of the repository, its common folder
   * @throws GitMirrorError `GM_SYSTEM` when the file cannot be read
   */
  list(directory: string, nowMs: number): readonly KeptMirror[] {
    return this.#read(directory).filter(({ expiresAtMs }) => expiresAtMs > nowMs);
  }

  /** Adds a mirror or replaces what was said of it. False when there is no room. Throws what the file system says. */
  keep(directory: string, mirror: KeptMirror, nowMs: number): Promise<boolean> {
    const before = this.#writing.get(directory) ?? Promise.resolve();
    const written = before.then(() => this.#write(directory, mirror, nowMs));
    const settled = written.catch(() => undefined);
    this.#writing.set(directory, settled);
    void settled.then(() => {
      if (this.#writing.get(directory) === settled) this.#writing.delete(directory);
    });
    return written;
  }

  async #write(directory: string, mirror: KeptMirror, nowMs: number): Promise<boolean> {
    const key = repositoryKey(mirror.url);
    const others = this.list(directory, nowMs).filter(({ url }) => repositoryKey(url) !== key);
    const host = hostOf(mirror.url);
    const neighbours = others.filter(({ url }) => hostOf(url) === host);
    if (others.length >= maxEntries || neighbours.length >= maxPerHost) return false;
    const mirrors = [mirror, ...others];
    const folder = join(directory, 'git-mirror');
    await mkdir(folder, { recursive: true });
    const temporary = join(folder, `mirrors.${randomUUID()}.tmp`);
    try {
      const file = await open(temporary, 'wx');
      try {
        await file.writeFile(`${JSON.stringify({ version: 1, mirrors }, undefined, 2)}\n`);
        await file.sync();
      } finally {
        await file.close();
      }
      await rename(temporary, pathIn(directory));
    } catch (error) {
      await rm(temporary, { force: true });
      throw error;
    }
    return true;
  }

  #read(directory: string): readonly KeptMirror[] {
    const path = pathIn(directory);
    const remembered = this.#remembered.get(directory);
    const stamp = stampOf(path);
    if (remembered !== undefined && remembered.stamp === stamp && isSettled(stamp)) return remembered.mirrors;
    const mirrors = this.#parse(path);
    this.#remembered.delete(directory);
    this.#remembered.set(directory, { stamp, mirrors });
    for (const oldest of this.#remembered.keys()) {
      if (this.#remembered.size <= maxRemembered) break;
      this.#remembered.delete(oldest);
    }
    return mirrors;
  }

  #parse(path: string): readonly KeptMirror[] {
    try {
      const file = readSmallFile(path, maxFileBytes);
      return file === undefined ? [] : registryFile.parse(JSON.parse(file.bytes.toString('utf8'))).mirrors;
    } catch (error) {
      const isContent =
        error instanceof z.ZodError || error instanceof SyntaxError || isGitMirrorError(error, 'GM_LIMIT');
      if (!isContent) throw error;
      this.#onBroken(path);
      return [];
    }
  }
}

function hostOf(url: string): string {
  const parsed = parseNoticeUrl(url);
  return 'refused' in parsed ? '' : parsed.host;
}

function pathIn(directory: string): string {
  return join(directory, 'git-mirror', 'mirrors.json');
}
