import { execFile } from 'node:child_process';
import { access, constants, stat } from 'node:fs/promises';
import { delimiter, join } from 'node:path';

/** The path of an executable `name` in the first of `folders` that has it; undefined when none does. */
export async function findProgram(name: string, folders: readonly string[]): Promise<string | undefined> {
  const fileName = process.platform === 'win32' ? `${name}.exe` : name;
  for (const folder of folders) {
    // An empty entry of PATH means the current folder, where nothing is run from by accident.
    if (folder === '') continue;
    const path = join(folder, fileName);
    try {
      await access(path, constants.X_OK);
      if ((await stat(path)).isFile()) return path;
    } catch {
      // Not in this one.
    }
  }
  return undefined;
}

/** The folders of `PATH`. */
export function pathFolders(env: Readonly<NodeJS.ProcessEnv>): readonly string[] {
  return (env['PATH'] ?? '').split(delimiter);
}

/** The folder of Git's own programs (git(1), `--exec-path`); undefined when there is no git. */
export function gitExecPath(env: NodeJS.ProcessEnv): Promise<string | undefined> {
  const given = env['GIT_EXEC_PATH'];
  if (given !== undefined && given !== '') return Promise.resolve(given);
  return new Promise((resolve) => {
    execFile('git', ['--exec-path'], { env, timeout: 10_000 }, (error, stdout) => {
      resolve(error === null ? stdout.trim() : undefined);
    });
  });
}
