import { homedir } from 'node:os';
import { normalize } from 'node:path';
import { lstat, realpath } from 'node:fs/promises';
import { loadConfig } from '../repository/config/load-config.ts';

/**
 * Says why a repository must not be read by this process, in words for the log; undefined when it may be. The paths are
 * what was found and the repository's folder, which is the last one.
 */
export type OwnershipCheck = (paths: readonly string[]) => Promise<string | undefined>;

/** Options of {@link createOwnershipCheck}. */
export interface OwnershipCheckOptions {
  readonly env?: NodeJS.ProcessEnv | undefined;
  /** User this process runs as. Default: the effective one; undefined where the system knows no owners. */
  readonly uid?: number | undefined;
}

/**
 * The check git makes before it serves a repository: everything of it belongs to the user of this process, or its folder is
 * one of `safe.directory` in the system's or the user's configuration (git-config(1)). Configuration and owners are looked
 * at anew for each call.
 */
export function createOwnershipCheck(options: OwnershipCheckOptions = {}): OwnershipCheck {
  const env = options.env ?? process.env;
  const uid = options.uid ?? process.geteuid?.();
  return async (paths) => {
    if (uid === undefined) return undefined;
    const owners = await Promise.all(paths.map(async (path) => (await lstat(path)).uid));
    if (owners.every((owner) => owner === uid || isSudoer(owner, uid, env))) return undefined;
    const directory = await realpath(paths.at(-1) ?? '');
    if (isSafe(directory, safeDirectories(env), env['HOME'] ?? homedir())) return undefined;
    return (
      `detected dubious ownership in repository at '${directory}': it belongs to another user. If that is right, ` +
      `allow it with "git config --global --add safe.directory ${directory}"`
    );
  };
}

/** Whoever became root by sudo may still read what is their own. */
function isSudoer(owner: number, uid: number, env: NodeJS.ProcessEnv): boolean {
  return uid === 0 && /^\d{1,10}$/.test(env['SUDO_UID'] ?? '') && owner === Number(env['SUDO_UID']);
}

/** Values of `safe.directory` that count: an empty one takes back those in front of it. */
function safeDirectories(env: NodeJS.ProcessEnv): readonly string[] {
  const nowhere = '/nonexistent';
  const place = { gitDir: nowhere, commonDir: nowhere, worktreeConfig: false, env, currentBranch: () => undefined };
  let values: string[] = [];
  for (const { key, value } of loadConfig(place).entries) {
    if (key !== 'safe.directory') continue;
    if (value === undefined || value === '') values = [];
    else values.push(value);
  }
  return values;
}

function isSafe(directory: string, allowed: readonly string[], home: string): boolean {
  return allowed.some((value) => {
    if (value === '*') return true;
    const path = normalize(value.startsWith('~/') ? home + value.slice(1) : value);
    if (path.endsWith('/*')) return directory.startsWith(path.slice(0, -1));
    return path.replace(/(?<=.)\/$/, '') === directory;
  });
}
