import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, expect } from 'vitest';
import type { ErrorCode, GitMirrorError, SyncRequest } from '../../src/index.ts';
import { openStage, type Stage, type StageOptions } from '../replicate/stage.ts';
import { expectConnected } from '../repositories/check-repository.ts';
import type { Repository } from '../repositories/repository.ts';
import { failureOf } from '../servers/http-client.ts';

const execute = promisify(execFile);

/**
 * Gives the tests of a file a temporary folder of their own, and expects after each that nothing of this package is
 * left in it.
 */
export function watchTemporaryFiles(): void {
  const before = process.env['TMPDIR'];
  const folder = mkdtempSync(join(tmpdir(), 'git-mirror-test-'));
  beforeAll(() => {
    process.env['TMPDIR'] = folder;
  });
  afterEach(() => {
    expect(readdirSync(folder).filter((name) => !name.startsWith('git-mirror-test-'))).toEqual([]);
  });
  afterAll(() => {
    if (before === undefined) delete process.env['TMPDIR'];
    else process.env['TMPDIR'] = before;
    rmSync(folder, { recursive: true, force: true });
  });
}

/**
 * One {@link openScene} for all tests of a file or block: what does no harm leaves it as it was. Call it where `beforeAll`
 * may be called, and what it returns within tests.
 */
export function sharedScene(options: StageOptions = {}): () => Stage {
  let stage: Stage | undefined;
  beforeAll(async () => {
    stage = await openScene(options);
  });
  afterAll(() => stage?.[Symbol.asyncDispose]());
  return () => {
    if (stage === undefined) throw new Error('the scene is not open');
    return stage;
  };
}

/** A stage whose target holds one branch already, `before`, so that there is something to be harmed. */
export async function openScene(options: StageOptions = {}): Promise<Stage> {
  const stage = await openStage({ source: { commits: 4, fileBytes: 40_000 }, ...options });
  if ((await stage.source.refs()).size > 0 && options.targetFormat === undefined) {
    const root = await stage.source.git('rev-list', '--max-parents=0', 'refs/heads/main');
    await stage.source.git('push', '-q', stage.target.path, `${root}:refs/heads/before`);
  }
  return stage;
}

/** How a run is to fail. */
export interface ExpectedFailure {
  readonly code: ErrorCode;
  /** What the message has to hold: what was being done, to which URL, what to do. */
  readonly says: readonly (string | RegExp)[];
}

/** Expects `work` to fail as told, and the target to be as it was, with nothing left over. Returns the error. */
export async function expectHarmless(
  stage: Stage,
  work: () => Promise<unknown>,
  { code, says }: ExpectedFailure,
): Promise<GitMirrorError> {
  const before = await stage.target.refs();
  const error = await failureOf(work());
  expect(`${error.code}: ${error.message}`).toMatch(new RegExp(`^${code}: `));
  for (const part of says) {
    if (typeof part === 'string') expect(error.message).toContain(part);
    else expect(error.message).toMatch(part);
  }
  await expectUnharmed(stage.target, before);
  return error;
}

/** Expects the refs to be `refs`, all they reach to be there, and no files or programs to be left over. */
export async function expectUnharmed(target: Repository, refs: ReadonlyMap<string, string>): Promise<void> {
  await expect.poll(programs, { timeout: 10_000 }).toEqual([]);
  await expect.poll(() => leftovers(target), { timeout: 10_000 }).toEqual([]);
  expect(await target.refs()).toEqual(refs);
  await expectConnected(target);
}

/** Syncs the stage with one of its ends elsewhere. */
export function syncWith(stage: Stage, change: Partial<SyncRequest>): () => Promise<unknown> {
  return () => stage.client.sync({ ...stage.ends, ...change });
}

/** Runs `work` with a server that is closed afterwards. */
export async function withServer<Server extends { close(): Promise<void> }, Result>(
  starting: Promise<Server>,
  work: (server: Server) => Promise<Result>,
): Promise<Result> {
  const server = await starting;
  try {
    return await work(server);
  } finally {
    await server.close();
  }
}

/** Waits until `condition` holds; fails after `timeoutMs`. */
export async function until(condition: () => boolean | Promise<boolean>, timeoutMs = 20_000): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`it did not happen within ${timeoutMs} ms`);
    await delay(10);
  }
}

/** Names of temporary files and quarantine folders in an object store. */
export async function leftovers(repository: Repository): Promise<readonly string[]> {
  const names = await readdir(join(repository.path, 'objects'), { recursive: true });
  return names.filter((name) => /tmp_|incoming-/.test(name));
}

/** Programs that this process has started and that are still there. */
async function programs(): Promise<readonly string[]> {
  const { stdout } = await execute('ps', ['-o', 'pid=,comm=', '--ppid', String(process.pid)]);
  return stdout.split('\n').filter((line) => line.trim() !== '' && !/ (?:ps|node|MainThread)$/.test(line));
}
