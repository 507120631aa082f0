import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

/** A git that can be run on this machine. */
export interface GitVersion {
  /** Its version as it says it, e.g. `2.39.5`. */
  readonly version: string;
  /** Major and minor number, which name its behaviour: `2.39`. */
  readonly family: string;
  /** What to run. */
  readonly program: string;
}

/** Where other versions than the system's are kept. */
export const gitVersionsFolder = join(import.meta.dirname, '..', '.data', 'git-versions');

/** Versions that there must be for the parity tests to say something. */
export const neededGitVersions = 3;

/** The system's git and all that `npm run git-versions` has provided, oldest first, one a family. */
export function gitVersions(): readonly GitVersion[] {
  const names = existsSync(gitVersionsFolder) ? readdirSync(gitVersionsFolder) : [];
  const folders = names.map((name) => join(gitVersionsFolder, name));
  const programs = folders
    .filter((folder) => existsSync(join(folder, 'complete')))
    .map((folder) => join(folder, 'bin', 'git'));
  const byFamily = new Map<string, GitVersion>();
  for (const program of ['git', ...programs]) {
    const version = versionOf(program);
    if (version !== undefined && !byFamily.has(version.family)) byFamily.set(version.family, version);
  }
  return [...byFamily.values()].sort((left, right) => compareFamilies(left.family, right.family));
}

/** Negative when `left` is the older family. */
export function compareFamilies(left: string, right: string): number {
  const [leftMajor = 0, leftMinor = 0] = left.split('.').map(Number);
  const [rightMajor = 0, rightMinor = 0] = right.split('.').map(Number);
  return leftMajor - rightMajor || leftMinor - rightMinor;
}

function versionOf(program: string): GitVersion | undefined {
  try {
    const text = execFileSync(program, ['version'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
    const [, version, family] = /((\d+\.\d+)\S*)/.exec(text) ?? [];
    return version === undefined || family === undefined ? undefined : { version, family, program };
  } catch {
    return undefined;
  }
}
