import { closeSync, fstatSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { GitMirrorError } from '../../../core/error.ts';
import type { ObjectFormat } from '../../../core/object-id.ts';
import { decodeRawText, startsWithRawText } from '../../../core/raw-text.ts';
import { codeOf, readSmallFile, systemError } from '../../file-stamp.ts';
import { repositoryLimits } from '../../repository-limits.ts';
import { mergeReftables } from './merge-reftables.ts';
import type { ReftableRef, ReftableValue } from './reftable-block.ts';
import { corruptTable, fileSource, heldSource } from './reftable-source.ts';
import { Reftable } from './reftable-table.ts';

/** Tables that were removed while they were opened make the list be read again, so many times. */
const maxTries = 10;

/** Tables that are open together, oldest first. */
interface OpenTables {
  readonly tables: readonly Reftable[];
  close(): void;
}

/**
 * A folder of tables and the list that says which of them count (reftable, "Update transactions"). Tables never change, so
 * small ones are held; the list is read by each call.
 */
export class ReftableStack {
  readonly #directory: string;
  readonly #format: ObjectFormat;
  #held = new Map<string, Reftable>();

  constructor(directory: string, format: ObjectFormat) {
    this.#directory = directory;
    this.#format = format;
  }

  /** What the list says: it changes whenever a ref does, and names of tables do not come again. */
  version(): string {
    return this.#readList().join('\n');
  }

  /** Undefined when there is no such ref, or it was deleted. @throws GitMirrorError `GM_CORRUPT`, `GM_LIMIT`, `GM_SYSTEM` */
  find(name: string): Exclude<ReftableValue, { kind: 'deleted' }> | undefined {
    const open = this.#open();
    try {
      for (const table of open.tables.toReversed()) {
        const ref = firstOf(table.refs(name));
        if (ref?.name === name) return ref.value.kind === 'deleted' ? undefined : ref.value;
      }
      return undefined;
    } finally {
      open.close();
    }
  }

  /**
   * All refs whose names begin with `prefix`, sorted by the bytes of their names, as they were when the first one was asked
   * for. Files stay open until the last one was, or the iterator is closed.
   */
  *list(prefix: string): Generator<ReftableRef, void, undefined> {
    const open = this.#open();
    try {
      for (const ref of mergeReftables(open.tables.map((table) => table.refs(prefix)))) {
        if (!startsWithRawText(ref.name, prefix)) return;
        if (ref.value.kind !== 'deleted') yield ref;
      }
    } finally {
      open.close();
    }
  }

  #open(): OpenTables {
    for (let tries = 1; ; tries++) {
      const open = this.#tryOpen(this.#readList());
      if (open !== undefined) return open;
      if (tries === maxTries) throw corruptTable(this.#directory, 'a table in tables.list does not exist');
    }
  }

  /** Undefined when a table is not there (any more). */
  #tryOpen(names: readonly string[]): OpenTables | undefined {
    const files: number[] = [];
    const close = (): void => {
      for (const file of files) closeSync(file);
    };
    const held = new Map<string, Reftable>();
    try {
      const tables = names.map((name) => this.#held.get(name) ?? this.#openTable(name, files, held));
      for (const [name, table] of this.#held) if (names.includes(name)) held.set(name, table);
      this.#held = held;
      return { tables, close };
    } catch (error) {
      close();
      if (error instanceof GitMirrorError && codeOf(error.cause) === 'ENOENT') return undefined;
      throw error;
    }
  }

  #openTable(name: string, files: number[], held: Map<string, Reftable>): Reftable {
    const path = join(this.#directory, name);
    let file: number;
    try {
      file = openSync(path, 'r');
    } catch (error) {
      throw systemError(path, error);
    }
    files.push(file);
    const { size } = fstatSync(file);
    if (size > repositoryLimits.maxReftableBytes) {
      throw new GitMirrorError('GM_LIMIT', `reftable ${path} has ${String(size)} bytes`, { details: { path } });
    }
    const source = fileSource(path, file, size);
    if (size > repositoryLimits.maxHeldRefFileBytes) return new Reftable(source, this.#format);
    const table = new Reftable(heldSource(path, source.read(0, size)), this.#format);
    held.set(name, table);
    return table;
  }

  #readList(): readonly string[] {
    const path = join(this.#directory, 'tables.list');
    const file = readSmallFile(path, repositoryLimits.maxTablesListBytes);
    const names = decodeRawText(file?.bytes ?? Buffer.of())
      .split('\n')
      .filter((name) => name !== '');
    if (names.length > repositoryLimits.maxReftables) {
      throw new GitMirrorError('GM_LIMIT', `${path} lists ${String(names.length)} tables`, { details: { path } });
    }
    if (names.some((name) => name.startsWith('.') || /[/\0]/.test(name))) {
      throw corruptTable(path, 'a name is none of a file in this folder');
    }
    return names;
  }
}

function firstOf<T>(items: Iterable<T>): T | undefined {
  for (const item of items) return item;
  return undefined;
}
