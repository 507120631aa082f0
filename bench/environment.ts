import { execFile } from 'node:child_process';
import { availableParallelism, cpus, loadavg, release, totalmem, type as systemType } from 'node:os';
import { version } from '../src/core/version.ts';
import { git } from './git.ts';

/** What a result depends on besides the code. */
export interface Environment {
  readonly gitMirror: string;
  /** Commit of the checkout, with `-dirty` when it has changes; empty outside a checkout. */
  readonly commit: string;
  readonly node: string;
  readonly git: string;
  /** What the Go git-sync says of itself. */
  readonly goGitSync?: string | undefined;
  readonly system: string;
  readonly cores: number;
  readonly processor: string;
  readonly memoryBytes: number;
  /** Load average of the last minute before anything was measured: much more than 0 means that others were at work. */
  readonly loadBefore: number;
}

/** Reads it. */
export async function readEnvironment(goGitSync: string | undefined): Promise<Environment> {
  return {
    gitMirror: version,
    commit: (await git('describe', '--always', '--dirty', '--abbrev=12').catch(() => '')).trim(),
    node: process.version,
    git: (await git('--version')).trim(),
    ...(goGitSync === undefined ? {} : { goGitSync: await versionOf(goGitSync) }),
    system: `${systemType()} ${release()}`,
    cores: availableParallelism(),
    processor: cpus()[0]?.model ?? '',
    memoryBytes: totalmem(),
    loadBefore: loadavg()[0] ?? Number.NaN,
  };
}

function versionOf(program: string): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile(program, ['version'], (error, stdout) => {
      if (error === null) resolve(stdout.trim().split('\n')[0] ?? '');
      else reject(new Error(`${program} does not run: ${error.message}`));
    });
  });
}
