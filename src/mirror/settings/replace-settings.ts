import { randomBytes } from 'node:crypto';
import { closeSync, openSync, readFileSync, renameSync, unlinkSync } from 'node:fs';
import { copyFile, readFile, realpath, rm, appendFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { GitMirrorError } from '../../core/error.ts';
import type { GitProgram } from '../git-program.ts';

/** How often a configuration is looked at again that somebody else writes at the same time, and how long is waited. */
const attempts = 10;
const pauseMs = 100;

/**
 * Gives variables of `remote.<remote>.` in the repository's own configuration other values: all at once, or none. Nothing
 * else in the file is touched, and what others write at the same time is not lost: a copy is changed by `git config`, and
 * put in place under the lock that git itself takes.
 *
 * @param changes - by the name of the variable, in the order in which they are to stand in the file; no values remove it
 * @throws GitMirrorError `GM_SYSTEM` when there is no repository, or its configuration cannot be written
 */
export async function replaceRemoteSettings(
  git: GitProgram,
  remote: string,
  changes: ReadonlyMap<string, readonly string[]>,
  signal?: AbortSignal,
): Promise<void> {
  const path = await realpath(resolve(git.cwd, await git.text(['rev-parse', '--git-path', 'config'], { signal })));
  for (let attempt = 0; attempt < attempts; attempt += 1) {
    if (attempt > 0) await delay(pauseMs);
    signal?.throwIfAborted();
    const copy = `${path}.mirrors-${randomBytes(6).toString('hex')}`;
    try {
      await copyFile(path, copy);
      const before = await readFile(copy);
      await change(git, copy, remote, changes, signal);
      if (putInPlace(copy, path, before)) return;
    } finally {
      await rm(copy, { force: true });
    }
  }
  throw new GitMirrorError(
    'GM_SYSTEM',
    `The configuration ${path} cannot be written: it is locked. If no git is running there, remove ${path}.lock`,
  );
}

async function change(
  git: GitProgram,
  file: string,
  remote: string,
  changes: ReadonlyMap<string, readonly string[]>,
  signal: AbortSignal | undefined,
): Promise<void> {
  const inFile = ['config', '--file', file];
  const keys = new Set((await git.text([...inFile, '--list', '--name-only', '-z'], { signal })).split('\0'));
  const lines: string[] = [];
  for (const [name, values] of changes) {
    const key = `remote.${remote}.${name.toLowerCase()}`;
    if (keys.has(key)) await git.run([...inFile, '--unset-all', key], { signal });
    for (const value of values) lines.push(`\t${name} = ${quoted(value)}\n`);
  }
  if (lines.length > 0) await appendFile(file, `[remote ${quoted(remote)}]\n${lines.join('')}`);
}

/** Synchronous, so that the lock is never left behind. False when somebody else has it, or has changed the file. */
function putInPlace(copy: string, path: string, before: Buffer): boolean {
  const lock = `${path}.lock`;
  try {
    closeSync(openSync(lock, 'wx'));
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false;
    throw error;
  }
  try {
    const isSame = readFileSync(path).equals(before);
    if (isSame) renameSync(copy, path);
    return isSame;
  } finally {
    unlinkSync(lock);
  }
}

/** A text as the name of a subsection, or as a value (git-config(1), "Syntax"). */
function quoted(text: string): string {
  return `"${text.replace(/["\\]/g, '\\$&').replaceAll('\n', '\\n').replaceAll('\t', '\\t')}"`;
}
