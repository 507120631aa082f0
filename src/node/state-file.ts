import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { isGitMirrorError, messageOf } from '../core/error.ts';
import { replaceFile } from '../repository/replace-file.ts';
import { isRepositoryName } from '../server/repository-table.ts';

const repositoryState = z.object({
  /** Name in URLs and of the directory. */
  name: z.string().refine(isRepositoryName).readonly(),
  /** Where it comes from, credentials removed. */
  upstream: z.string().max(8192).readonly(),
  /** End of the last sync that succeeded (ISO 8601); missing until the first copy is complete. */
  lastSyncAt: z.iso.datetime().optional(),
  /** End of the last sync that changed something. */
  lastChangeAt: z.iso.datetime().optional(),
});

const nodeState = z.object({ version: z.literal(1), repositories: z.array(repositoryState).max(1_000_000) });

/** What is remembered of a repository. */
export type RepositoryState = Readonly<z.infer<typeof repositoryState>>;

/** Reads the state at `path`: undefined when there is none yet. Throws when it is there and cannot be used. */
export async function readState(path: string): Promise<readonly RepositoryState[] | undefined> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
  return nodeState.parse(JSON.parse(text)).repositories;
}

/** Replaces the state at `path` as a whole: a crash leaves either the old one or the new one. */
export async function writeState(path: string, repositories: readonly RepositoryState[]): Promise<void> {
  await replaceFile(path, `${JSON.stringify({ version: 1, repositories }, undefined, 2)}\n`);
}

/** One line on why a state file cannot be used. */
export function explainState(error: unknown): string {
  return error instanceof z.ZodError || error instanceof SyntaxError
    ? 'its content is not what a node writes'
    : isGitMirrorError(error)
      ? error.message
      : messageOf(error);
}
