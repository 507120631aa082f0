import { join } from 'node:path';
import { isNullOid, type ObjectFormat } from '../../core/object-id.ts';
import { compareRawText } from '../../core/raw-text.ts';
import { isValidRefName } from '../../core/ref-name.ts';
import type { GitDirectory } from '../layout/git-directory.ts';
import type { Head, Ref, RefStore } from '../ref-store.ts';
import { missingRef, type RawRef } from './raw-ref.ts';
import { corruptName, isReadableRefName, isSafeRefName, ownerOf } from './ref-format.ts';
import type { RefStoreOptions } from './ref-store-options.ts';
import { readHead, toRef } from './resolved-ref.ts';
import type { ReftableRef } from './reftable/reftable-block.ts';
import { ReftableStack } from './reftable/reftable-stack.ts';

/** Refs in tables (gitrepository-layout(5), "reftable"); a worktree has a stack of tables for its own ones. */
export class ReftableRefStore implements RefStore {
  readonly #directory: GitDirectory;
  readonly #format: ObjectFormat;
  readonly #options: RefStoreOptions;
  readonly #shared: ReftableStack;
  /** Undefined in the main worktree. */
  readonly #own: ReftableStack | undefined;

  constructor(directory: GitDirectory, format: ObjectFormat, options: RefStoreOptions) {
    this.#directory = directory;
    this.#format = format;
    this.#options = options;
    this.#shared = this.#stack(directory.commonDir);
    this.#own = directory.gitDir === directory.commonDir ? undefined : this.#stack(directory.gitDir);
  }

  head(headName = 'HEAD'): Head | undefined {
    return isReadableRefName(headName) ? readHead(headName, this.#read) : undefined;
  }

  find(name: string): Ref | undefined {
    return isReadableRefName(name) ? toRef(name, this.#read(name), this.#read) : undefined;
  }

  *list(prefix = ''): Generator<Ref, void, undefined> {
    for (const { name, value } of this.#records(prefix)) {
      if (!name.startsWith('refs/')) continue;
      if (!isValidRefName(name) && !isSafeRefName(name)) throw corruptName(`refname is dangerous: ${name}`);
      const isNull = value.kind === 'oid' && isNullOid(value.oid);
      const ref =
        isNull || value.kind === 'deleted' || !isValidRefName(name) ? undefined : toRef(name, value, this.#read);
      if (ref === undefined) this.#options.onWarning?.(`ignoring broken ref ${name}`);
      else yield ref;
    }
  }

  version(): string {
    return [this.#shared, this.#own].map((stack) => stack?.version() ?? '').join('\n\n');
  }

  #stack(directory: string): ReftableStack {
    return new ReftableStack(join(directory, 'reftable'), this.#format);
  }

  /** In a worktree, its own refs come from its own tables, and all others from the shared ones. */
  *#records(prefix: string): Generator<ReftableRef, void, undefined> {
    if (this.#own === undefined) {
      yield* this.#shared.list(prefix);
      return;
    }
    const own = [...this.#own.list(prefix)].filter(({ name }) => ownerOf(name).owner === 'current');
    let at = 0;
    for (const ref of this.#shared.list(prefix)) {
      if (ownerOf(ref.name).owner === 'current') continue;
      for (let next = own[at]; next !== undefined && compareRawText(next.name, ref.name) < 0; next = own[++at])
        yield next;
      yield ref;
    }
    yield* own.slice(at);
  }

  readonly #read = (name: string): RawRef => {
    const { owner, name: ownName } = ownerOf(name);
    const value = this.#stackOf(owner).find(ownName);
    return value ?? missingRef;
  };

  #stackOf(owner: ReturnType<typeof ownerOf>['owner']): ReftableStack {
    if (owner === 'shared') return this.#shared;
    if (owner === 'current') return this.#own ?? this.#shared;
    return this.#stack(join(this.#directory.commonDir, 'worktrees', owner.worktree));
  }
}
