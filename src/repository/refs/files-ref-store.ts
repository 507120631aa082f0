import { hash } from 'node:crypto';
import { join } from 'node:path';
import { isNullOid, type ObjectFormat } from '../../core/object-id.ts';
import { compareRawText } from '../../core/raw-text.ts';
import { isValidRefName } from '../../core/ref-name.ts';
import { isSettled } from '../file-stamp.ts';
import type { GitDirectory } from '../layout/git-directory.ts';
import type { Head, Ref, RefStore } from '../ref-store.ts';
import { type LooseRef, LooseRefs } from './loose-refs.ts';
import { type PackedRef, PackedRefs } from './packed-refs.ts';
import { missingRef, type RawRef } from './raw-ref.ts';
import { corruptName, isReadableRefName, isSafeRefName } from './ref-format.ts';
import type { RefStoreOptions } from './ref-store-options.ts';
import { readHead, toRef } from './resolved-ref.ts';

/** With more loose refs than this nobody waits for a digest of them all. */
const maxDigestedRefs = 2000;

/**
 * Refs as files: loose ones over packed-refs (gitrepository-layout(5), git-pack-refs(1)). Loose refs are always read before
 * packed-refs, which is written before they are removed: so none is missed while git packs them.
 */
export class FilesRefStore implements RefStore {
  readonly #loose: LooseRefs;
  readonly #packed: PackedRefs;
  readonly #options: RefStoreOptions;
  #serial = 0;

  constructor(directory: GitDirectory, format: ObjectFormat, options: RefStoreOptions) {
    this.#loose = new LooseRefs(directory, format);
    this.#packed = new PackedRefs(join(directory.commonDir, 'packed-refs'), format);
    this.#options = options;
  }

  head(headName = 'HEAD'): Head | undefined {
    return isReadableRefName(headName) ? readHead(headName, this.#read) : undefined;
  }

  find(name: string): Ref | undefined {
    return isReadableRefName(name) ? toRef(name, this.#read(name), this.#read) : undefined;
  }

  *list(prefix = ''): Generator<Ref, void, undefined> {
    const loose = this.#loose.list(prefix);
    let at = 0;
    for (const packed of this.#packed.list(prefix === '' ? 'refs/' : prefix)) {
      let next = loose[at];
      let order = -1;
      while (next !== undefined && (order = compareRawText(next.name, packed.name)) < 0) {
        yield* this.#checked(next);
        next = loose[++at];
      }
      if (next !== undefined && order === 0) {
        at++;
        yield* this.#checked(next);
      } else if (packed.name.startsWith('refs/')) {
        yield* this.#checkedPacked(packed);
      }
    }
    for (const next of loose.slice(at)) yield* this.#checked(next);
  }

  /**
   * A digest of HEAD, the contents of all loose refs and the stamp of packed-refs: reading loose refs is the only way to
   * know that none has changed. Above {@link maxDigestedRefs} of them, and just after packed-refs was written, it is a
   * value that never comes again.
   */
  version(): string {
    const head = this.#loose.read('HEAD');
    const loose = this.#loose.listUpTo(maxDigestedRefs);
    const packed = this.#packed.stamp();
    if (loose === undefined || !isSettled(packed)) return `${String(Date.now())}.${String(this.#serial++)}`;
    return hash('sha256', JSON.stringify([head, loose, packed ?? null]), 'hex');
  }

  readonly #read = (name: string): RawRef => {
    const raw = this.#loose.read(name);
    if (raw.kind !== 'missing') return raw;
    const packed = this.#packed.find(name);
    return packed === undefined ? missingRef : { kind: 'oid', ...packed };
  };

  *#checked({ name, raw }: LooseRef): Generator<Ref, void, undefined> {
    const ref = isValidRefName(name) ? toRef(name, raw, this.#read) : undefined;
    if (ref === undefined) this.#options.onWarning?.(`ignoring broken ref ${name}`);
    else yield ref;
  }

  *#checkedPacked(packed: PackedRef): Generator<Ref, void, undefined> {
    const { name, oid } = packed;
    if (!isPlainName(name) && !isValidRefName(name)) {
      if (name.includes('\0')) throw corruptName(`packed refname contains embedded NULL: ${name}`);
      if (!isSafeRefName(name)) throw corruptName(`packed refname is dangerous: ${name}`);
      this.#options.onWarning?.(`ignoring ref with broken name ${name}`);
    } else if (isNullOid(oid)) {
      this.#options.onWarning?.(`ignoring broken ref ${name}`);
    } else {
      yield packed;
    }
  }
}

/** A quick test for the names that nearly all refs have; what it does not pass may be good all the same. */
function isPlainName(name: string): boolean {
  return name.length < 1000 && /^refs(?:\/[\w+-]+)+$/.test(name);
}
