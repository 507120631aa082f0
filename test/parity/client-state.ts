import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runGit } from '../repositories/run-git.ts';

/** What a client's repository holds, in sections of lines. */
export type ClientState = Readonly<Record<string, readonly string[]>>;

/** Neither a replacement nor a lazy fetch may change what is read. */
const env = { GIT_NO_REPLACE_OBJECTS: '1', GIT_NO_LAZY_FETCH: '1' };

/** Reads the repositories below `folder`: refs, HEAD, shallow file, objects, configuration, and what fsck says. */
export async function readClientState(folder: string): Promise<ClientState> {
  const state: Record<string, readonly string[]> = {};
  for (const entry of (await readdir(folder, { withFileTypes: true })).sort((a, b) => (a.name < b.name ? -1 : 1))) {
    if (!entry.isDirectory()) continue;
    const path = join(folder, entry.name);
    const gitDir = existsSync(join(path, '.git')) ? join(path, '.git') : path;
    if (!existsSync(join(gitDir, 'HEAD'))) continue;
    const git = async (...words: readonly string[]): Promise<readonly string[]> =>
      (await runGit(words, { cwd: path, env }).catch((error: unknown) => `failed: ${String(error)}`)).split('\n');
    const file = async (name: string): Promise<readonly string[]> =>
      (await readFile(join(gitDir, name), 'utf8').catch(() => '')).split('\n');
    const packs = await readdir(join(gitDir, 'objects', 'pack')).catch(() => []);
    state[`${entry.name}: refs`] = await git('for-each-ref', '--format=%(objectname) %(refname) %(symref)');
    state[`${entry.name}: HEAD`] = await file('HEAD');
    state[`${entry.name}: shallow`] = [...(await file('shallow'))].sort();
    state[`${entry.name}: FETCH_HEAD`] = await file('FETCH_HEAD');
    state[`${entry.name}: config`] = await file('config');
    state[`${entry.name}: promisor packs`] = [String(packs.filter((name) => name.endsWith('.promisor')).length)];
    const format = '--batch-check=%(objectname) %(objecttype) %(objectsize)';
    state[`${entry.name}: objects`] = await git('cat-file', '--batch-all-objects', '--unordered', format);
    state[`${entry.name}: objects`] = [...(state[`${entry.name}: objects`] ?? [])].sort();
    state[`${entry.name}: fsck`] = await git('fsck', '--full', '--no-dangling', '--no-progress');
  }
  return state;
}
