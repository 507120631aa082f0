import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { GitMirrorError } from '../core/error.ts';
import { limits } from '../core/limits.ts';
import type { ObjectId } from '../core/object-id.ts';
import { isObjectType, type ObjectType } from '../objects/object-type.ts';
import type { PackCaches } from '../pack/packed-object-reader.ts';
import { ReadFile } from '../pack/read-file.ts';
import type { ObjectContent } from './object-database.ts';

/** `commit 9007199254740991` and its NUL fit in. */
const maxHeaderBytes = 32;
/** Enough compressed bytes to hold a header, whatever the compression. */
const headBytes = 4096;

/** Loose objects of all object directories (gitformat-loose). */
export class LooseObjects {
  readonly #directories: readonly string[];
  readonly #caches: PackCaches;

  constructor(directories: readonly string[], caches: PackCaches) {
    this.#directories = directories;
    this.#caches = caches;
  }

  has(oid: ObjectId): boolean {
    const relative = pathOf(oid);
    return this.#directories.some((directory) => existsSync(join(directory, relative)));
  }

  /** The file of the object; undefined when there is none. */
  find(oid: ObjectId): string | undefined {
    const relative = pathOf(oid);
    const directory = this.#directories.find((candidate) => existsSync(join(candidate, relative)));
    return directory === undefined ? undefined : join(directory, relative);
  }

  /** The content, in kernel memory that the next read of the thread overwrites; undefined when there is no such file. */
  read(oid: ObjectId): ObjectContent | undefined {
    const file = this.#open(oid);
    if (file === undefined) return undefined;
    try {
      const { type, size, headerLength } = this.#readHeader(file, oid);
      if (Math.max(size, file.size / 2) > limits.maxHeldObjectBytes) throw tooLarge(oid, size);
      const [block, inputBlock] = this.#caches.large;
      const input = this.#load(file, inputBlock.reserve(file.size), file.size);
      const { kernel } = this.#caches;
      const address = block.reserve(headerLength + size);
      const taken = kernel.inflate(input, input + file.size, address, headerLength + size);
      if (taken < 0) throw corrupt(oid, 'it is cut off, damaged, or not as large as it states');
      if (taken !== file.size) throw corrupt(oid, 'bytes follow its end');
      return { type, size, address: address + headerLength };
    } finally {
      file.close();
    }
  }

  /** Type and size, from the file's first bytes; undefined when there is no such file. */
  readHeader(oid: ObjectId): { readonly type: ObjectType; readonly size: number } | undefined {
    const file = this.#open(oid);
    if (file === undefined) return undefined;
    try {
      return this.#readHeader(file, oid);
    } finally {
      file.close();
    }
  }

  #open(oid: ObjectId): ReadFile | undefined {
    const relative = pathOf(oid);
    for (const directory of this.#directories) {
      const file = ReadFile.open(join(directory, relative));
      if (file !== undefined) return file;
    }
    return undefined;
  }

  #load(file: ReadFile, address: number, length: number): number {
    file.read(0, this.#caches.kernel.memory.bytes, address, length);
    return address;
  }

  #readHeader(
    file: ReadFile,
    oid: ObjectId,
  ): { readonly type: ObjectType; readonly size: number; readonly headerLength: number } {
    const { kernel, input: inputBlock, delta } = this.#caches;
    const length = Math.min(file.size, headBytes);
    const input = this.#load(file, inputBlock.reserve(headBytes), length);
    const output = delta.reserve(maxHeaderBytes);
    const written = kernel.inflatePrefix(input, input + length, output, maxHeaderBytes);
    if (written < 0) throw corrupt(oid, 'it cannot be inflated');
    const head = kernel.memory.view(output, written);
    const headerLength = head.indexOf(0) + 1;
    const match = /^([a-z]+) (0|[1-9][0-9]{0,14})\0$/.exec(
      Buffer.from(head.subarray(0, headerLength)).toString('latin1'),
    );
    const type = match?.[1] ?? '';
    if (!isObjectType(type)) throw corrupt(oid, 'its header is malformed');
    return { type, size: Number(match?.[2]), headerLength };
  }
}

function pathOf(oid: ObjectId): string {
  return `${oid.slice(0, 2)}/${oid.slice(2)}`;
}

function corrupt(oid: ObjectId, problem: string): GitMirrorError {
  return new GitMirrorError('GM_CORRUPT', `Reading loose object ${oid}: ${problem}.`, { details: { oid } });
}

function tooLarge(oid: ObjectId, bytes: number): GitMirrorError {
  return new GitMirrorError('GM_LIMIT', `Reading loose object ${oid}: it is too large to be held in memory.`, {
    details: { limit: 'maxHeldObjectBytes', oid, bytes, maxBytes: limits.maxHeldObjectBytes },
  });
}
