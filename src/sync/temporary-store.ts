import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { GitMirrorError, messageOf } from '../core/error.ts';
import type { ObjectFormat } from '../core/object-id.ts';
import { openObjectStore, type ObjectStore } from '../pack/object-store.ts';
import type { RunContext } from './run-context.ts';

const defaultMaxObjects = 2_000_000;
const defaultMaxBytes = 8 * 1024 * 1024 * 1024;

/** A store on disk and the folder it lives in. */
export interface TemporaryStore {
  readonly store: ObjectStore;
  readonly dir: string;
  /** Removes everything. Safe to call twice; never throws. */
  close(): Promise<void>;
}

/** Opens a store in a folder of its own, bounded by the run's advanced options. */
export async function openTemporaryStore(format: ObjectFormat, context: RunContext): Promise<TemporaryStore> {
  const { materializedMaxObjects, materializedMaxBytes, temporaryDirectory = tmpdir() } = context.advanced;
  const dir = await makeFolder(temporaryDirectory);
  const store = openObjectStore({
    dir,
    format,
    maxObjects: materializedMaxObjects ?? defaultMaxObjects,
    maxBytes: materializedMaxBytes ?? defaultMaxBytes,
    signal: context.signal,
  });
  return {
    store,
    dir,
    async close() {
      await store.close();
      await rm(dir, { recursive: true, force: true }).catch(() => undefined);
    },
  };
}

async function makeFolder(parent: string): Promise<string> {
  try {
    return await mkdtemp(join(parent, 'git-mirror-'));
  } catch (cause) {
    throw new GitMirrorError(
      'GM_SYSTEM',
      `Making a temporary store in ${parent} failed: ${messageOf(cause)}. Name another place with --temporary-directory.`,
      { cause, details: { path: parent } },
    );
  }
}
