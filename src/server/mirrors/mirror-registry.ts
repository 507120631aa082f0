import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { GitMirrorError, isGitMirrorError } from '../../core/error.ts';
import { isSettled, readSmallFile, stampOf } from '../../repository/file-stamp.ts';
import { replaceFile } from '../../repository/replace-file.ts';
import { isRefDigest } from '../../wire/mirrors/mirror-fields.ts';
import { mirrorLimits } from '../../wire/mirrors/mirror-limits.ts';
import { repositoryKey } from './repository-key.ts';
import { parseNoticeUrl } from './notice-url.ts';

/** Mirrors that one repository keeps, and of one host: who has many names for one machine shall not fill it alone. */
const maxEntries = 1000;
const maxPerHost = 20;
const maxFileBytes = 8 * 1024 * 1024;
/** Repositories whose file is remembered. */
const maxRemembered = 256;

/** A mirror that has said that it exists, and was called back. */
export interface KeptMirror {
  readonly url: string;
  readonly digest: string;
  /** Milliseconds since 1970. */
  readonly seenAtMs: number;
  readonly expiresAtMs: number;
  readonly signature?: string | undefined;
}

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
   * Those whose time is not over, in the order in which they first came.
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
    const listed = this.list(directory, nowMs);
    const place = listed.findIndex(({ url }) => repositoryKey(url) === key);
    const others = listed.filter((_, index) => index !== place);
    const host = hostOf(mirror.url);
    const neighbours = others.filter(({ url }) => hostOf(url) === host);
    if (others.length >= maxEntries || neighbours.length >= maxPerHost) return false;
    // Who has been here for long keeps its place: a fixed order is one.
    const mirrors = place < 0 ? [...others, mirror] : others.toSpliced(place, 0, mirror);
    await mkdir(join(directory, 'git-mirror'), { recursive: true });
    await replaceFile(pathIn(directory), `${JSON.stringify({ version: 1, mirrors }, undefined, 2)}\n`);
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
      return file === undefined ? [] : decodeRegistry(file.bytes.toString('utf8'));
    } catch (error) {
      if (!isGitMirrorError(error, 'GM_LIMIT') && !isGitMirrorError(error, 'GM_CORRUPT')) throw error;
      this.#onBroken(path);
      return [];
    }
  }
}

/** Throws `GM_CORRUPT` for what {@link MirrorRegistry} has not written. */
function decodeRegistry(text: string): readonly KeptMirror[] {
  const broken = new GitMirrorError('GM_CORRUPT', 'The file of registered mirrors is not what this program writes');
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw broken;
  }
  const { version, mirrors } = fieldsOf(value);
  if (version !== 1 || !Array.isArray(mirrors) || mirrors.length > maxEntries) throw broken;
  return mirrors.map((mirror: unknown) => {
    const { url, digest, seenAtMs, expiresAtMs, signature } = fieldsOf(mirror);
    const isMirror = typeof url === 'string' && !('refused' in parseNoticeUrl(url));
    if (!isMirror || typeof digest !== 'string' || !isRefDigest(digest)) throw broken;
    if (!isTime(seenAtMs) || !isTime(expiresAtMs)) throw broken;
    if (signature === undefined) return { url, digest, seenAtMs, expiresAtMs };
    if (typeof signature !== 'string' || signature.length > mirrorLimits.maxSignatureBytes) throw broken;
    return { url, digest, seenAtMs, expiresAtMs, signature };
  });
}

function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}

function isTime(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

function hostOf(url: string): string {
  const parsed = parseNoticeUrl(url);
  return 'refused' in parsed ? '' : parsed.host;
}

function pathIn(directory: string): string {
  return join(directory, 'git-mirror', 'mirrors.json');
}
