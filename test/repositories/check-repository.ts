import { expect } from 'vitest';
import type { Repository } from './repository.ts';
import { runGit } from './run-git.ts';

/** Expects every ref of both to be the same, but for those below `except`. */
export async function compareRefs(left: Repository, right: Repository, except?: string): Promise<void> {
  const shown = async (repository: Repository): Promise<Record<string, string>> => {
    const refs = [...(await repository.refs())];
    return Object.fromEntries(refs.filter(([name]) => except === undefined || !name.startsWith(except)));
  };
  expect(await shown(right)).toEqual(await shown(left));
}

/** Expects that no ref of the repository reaches an object that is missing. */
export async function expectConnected({ path }: Repository): Promise<void> {
  await runGit(['fsck', '--connectivity-only', '--no-dangling', '--no-progress'], { cwd: path });
}

/** Expects every object of the repository to be whole. */
export async function expectSound({ path }: Repository): Promise<void> {
  await runGit(['fsck', '--full', '--strict', '--no-dangling', '--no-progress'], { cwd: path });
}
