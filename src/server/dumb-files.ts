import { open, readdir, realpath, type FileHandle } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { GitMirrorError } from '../core/error.ts';
import type { Repository } from '../repository/repository.ts';
import type { GitResponse } from './git-backend.ts';
import { refusal, wholeAnswer } from './git-response.ts';
import { cacheForeverHeaders, noCacheHeaders, rfc2822Date, type HeaderList } from './http-headers.ts';
import { renderHead, renderInfoRefs } from './dumb-refs.ts';

/** Where a dumb client reads from, and what it may not outlive. */
export interface DumbFileRequest {
  readonly repository: Repository;
  /** Below the repository: one of the files of gitprotocol-http, "Dumb Clients". */
  readonly path: string;
  /** `GIT_NAMESPACE` of the server; empty for none. */
  readonly namespace: string;
  readonly signal: AbortSignal;
}

const chunkBytes = 64 * 1024;

/** Files that never change, by what their path ends in. */
const objectTypes: readonly { readonly pattern: RegExp; readonly contentType: string }[] = [
  { pattern: /^objects\/[0-9a-f]{2}\/(?:[0-9a-f]{38}|[0-9a-f]{62})$/, contentType: 'application/x-git-loose-object' },
  { pattern: /^objects\/pack\/pack-[0-9a-f]{40,64}\.pack$/, contentType: 'application/x-git-packed-objects' },
  { pattern: /^objects\/pack\/pack-[0-9a-f]{40,64}\.idx$/, contentType: 'application/x-git-packed-objects-toc' },
];

/**
 * Answers a client of the dumb protocol as git-http-backend(1) does: lists are made from what the repository has now,
 * files are sent as they lie. A file that leads out of the repository by a symbolic link does not exist.
 */
export async function answerDumbFile(request: DumbFileRequest): Promise<GitResponse> {
  const { repository, path, namespace } = request;
  switch (path) {
    case 'HEAD':
      return wholeAnswer('text/plain', renderHead(repository, namespace));
    case 'info/refs':
      return wholeAnswer('text/plain', await renderInfoRefs(repository, namespace, request.signal), noCacheHeaders);
    case 'objects/info/packs':
      return wholeAnswer('text/plain; charset=utf-8', await listPacks(repository.commonDir), noCacheHeaders);
    case 'objects/info/alternates':
    case 'objects/info/http-alternates':
      return sendFile(repository.commonDir, path, 'text/plain', noCacheHeaders);
  }
  const type = objectTypes.find(({ pattern }) => pattern.test(path));
  if (type === undefined) return refusal(404);
  return sendFile(repository.commonDir, path, type.contentType, cacheForeverHeaders(new Date()));
}

/** The packs of `objects/pack`, newest first: those that have an index. */
async function listPacks(commonDir: string): Promise<Uint8Array> {
  const directory = join(commonDir, 'objects', 'pack');
  const names = new Set(await readdir(directory).catch(() => []));
  const packs: { readonly name: string; readonly mtimeMs: number }[] = [];
  for (const name of names) {
    if (!name.endsWith('.pack') || !names.has(name.replace(/\.pack$/, '.idx')) || /[\n\r]/.test(name)) continue;
    const file = await openInside(commonDir, join('objects', 'pack', name));
    if (file === undefined) continue;
    const { mtimeMs } = await file.stat().finally(() => file.close());
    packs.push({ name, mtimeMs });
  }
  packs.sort((left, right) => right.mtimeMs - left.mtimeMs || (left.name < right.name ? -1 : 1));
  return Buffer.from(`${packs.map(({ name }) => `P ${name}\n`).join('')}\n`);
}

async function sendFile(
  commonDir: string,
  path: string,
  contentType: string,
  cacheHeaders: HeaderList,
): Promise<GitResponse> {
  const file = await openInside(commonDir, path);
  if (file === undefined) return refusal(404);
  const { size, mtime } = await file.stat().finally(() => file.close());
  return {
    status: 200,
    headers: [
      ...cacheHeaders,
      ['Content-Length', String(size)],
      ['Content-Type', contentType],
      ['Last-Modified', rfc2822Date(mtime)],
    ],
    body: readFileBody(commonDir, path, size),
  };
}

/** The regular file at `path` below `commonDir`, open for reading; undefined when there is none, or it lies elsewhere. */
async function openInside(commonDir: string, path: string): Promise<FileHandle | undefined> {
  try {
    const real = await realpath(join(commonDir, path));
    if (!real.startsWith(commonDir + sep)) return undefined;
    const file = await open(real, 'r');
    if ((await file.stat()).isFile()) return file;
    await file.close();
    return undefined;
  } catch {
    return undefined;
  }
}

/** Exactly `size` bytes of the file. It is opened when the first are asked for: an answer may never be read. */
async function* readFileBody(commonDir: string, path: string, size: number): AsyncGenerator<Uint8Array, void, void> {
  const file = await openInside(commonDir, path);
  if (file === undefined) throw new GitMirrorError('GM_NOT_FOUND', `Reading ${path}: it has just been removed`);
  try {
    for (let position = 0; position < size;) {
      const length = Math.min(chunkBytes, size - position);
      const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(length), 0, length, position);
      if (bytesRead === 0) throw new GitMirrorError('GM_CORRUPT', `Reading ${path}: it has become shorter`);
      position += bytesRead;
      yield buffer.subarray(0, bytesRead);
    }
  } finally {
    await file.close();
  }
}
