import { randomUUID } from 'node:crypto';
import { link, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { GitMirrorError } from '../core/error.ts';

/** Held by the one node that uses a data folder. */
export interface DataLock {
  /** Gives the folder free. Safe to call twice. */
  release(): Promise<void>;
}

/** How long a second taker of a stale lock has to notice that it was too late. */
const settleMs = 30;
const maxTries = 5;

/**
 * Takes the lock file at `path`. It names a process; when that process is gone (killed, or the machine was restarted)
 * the lock is taken over. Throws `GM_SYSTEM` when another process holds it.
 *
 * The file appears with its whole content (`link` of a finished file), so a reader never sees half of it. Taking over
 * is a rename and a look at what was renamed: of two that try at one time, the one that moved away the other's fresh
 * lock puts it back.
 */
export async function takeDataLock(path: string): Promise<DataLock> {
  const own = `${JSON.stringify({ pid: process.pid, started: await startMark(process.pid), id: randomUUID() })}\n`;
  for (let attempt = 0; attempt < maxTries; attempt += 1) {
    if (await createWhole(path, own)) {
      await delay(settleMs);
      if ((await readText(path)) === own) return { release: () => release(path, own) };
      continue;
    }
    const found = await readText(path);
    if (found === undefined) continue;
    const holder = await liveHolder(found);
    if (holder !== undefined) throw held(path, holder);
    await moveAway(path, found);
  }
  throw new GitMirrorError('GM_SYSTEM', `The lock ${path} could not be taken: other processes keep taking it`);
}

function held(path: string, pid: number): GitMirrorError {
  return new GitMirrorError(
    'GM_SYSTEM',
    `Another node (process ${pid}) uses this data folder: stop it, or use another folder. Its lock is ${path}`,
    { details: { pid } },
  );
}

async function createWhole(path: string, content: string): Promise<boolean> {
  const temporary = `${path}.${randomUUID()}`;
  await writeFile(temporary, content, { flag: 'wx' });
  try {
    await link(temporary, path);
    return true;
  } catch (error) {
    if (errorCode(error) === 'EEXIST') return false;
    throw error;
  } finally {
    await rm(temporary, { force: true });
  }
}

async function moveAway(path: string, stale: string): Promise<void> {
  const aside = `${path}.${randomUUID()}`;
  try {
    await rename(path, aside);
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return;
    throw error;
  }
  if ((await readText(aside)) !== stale) await link(aside, path).catch(() => undefined);
  await rm(aside, { force: true });
}

async function release(path: string, own: string): Promise<void> {
  if ((await readText(path)) === own) await rm(path, { force: true });
}

/** The process that a lock names, if it still runs; a lock that names none is nobody's. */
async function liveHolder(content: string): Promise<number | undefined> {
  let lock: unknown;
  try {
    lock = JSON.parse(content);
  } catch {
    return undefined;
  }
  if (typeof lock !== 'object' || lock === null || !('pid' in lock)) return undefined;
  const { pid } = lock;
  if (typeof pid !== 'number' || !Number.isSafeInteger(pid) || pid <= 0) return undefined;
  const started = 'started' in lock && typeof lock.started === 'string' ? lock.started : undefined;
  if (!isRunning(pid)) return undefined;
  const now = await startMark(pid);
  return started !== undefined && now !== undefined && started !== now ? undefined : pid;
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return errorCode(error) === 'EPERM';
  }
}

/**
 * When a process began, in a form that differs between two processes that had the same id: ids are used again, above
 * all in containers. Undefined where the system does not say.
 */
async function startMark(pid: number): Promise<string | undefined> {
  const stat = await readText(`/proc/${pid}/stat`);
  const boot = await readText('/proc/sys/kernel/random/boot_id');
  // The name of the program stands in brackets and may hold anything; the start time is the 20th field after it.
  const started = stat?.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
  return started === undefined || boot === undefined ? undefined : `${boot.trim()}/${started}`;
}

async function readText(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch {
    return undefined;
  }
}

function errorCode(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}
