import { execFile } from 'node:child_process';
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { GitVersion } from '../git-versions.ts';

const helperMain = fileURLToPath(new URL('../../src/cli/remote-mirror.ts', import.meta.url));
const maxOutputBytes = 64 * 1024 * 1024;
const timeoutMs = 120_000;

/** What a run of git left. */
export interface GitRun {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A folder with stock git in it, a configuration of its own, and git-remote-mirror on the path. */
export interface Scene extends AsyncDisposable {
  readonly root: string;
  readonly env: NodeJS.ProcessEnv;
  /** Runs git in a folder of the scene, to its end. Throws for another status than 0. */
  git(folder: string, ...args: readonly string[]): Promise<string>;
  /** As {@link Scene.git}, whatever the status. */
  try(folder: string, args: readonly string[], env?: NodeJS.ProcessEnv): Promise<GitRun>;
  /** As {@link Scene.git}, with `text` as its standard input. */
  input(folder: string, args: readonly string[], text: string): Promise<void>;
  /** Makes one more commit on `branch` in the folder `work`, and pushes it to all of `targets`. Returns its name. */
  commit(message: string, options?: { readonly branch?: string; readonly to?: readonly string[] }): Promise<string>;
}

/** Makes it; `version` is the git on the path, the machine's by default. */
export async function openScene(version?: GitVersion): Promise<Scene> {
  const root = await mkdtemp(join(tmpdir(), 'git-mirror-helper-'));
  const bin = join(root, 'bin');
  await mkdir(bin);
  const script = `#!/bin/sh\nexec '${process.execPath}' '${helperMain}' "$@"\n`;
  await writeFile(join(bin, 'git-remote-mirror'), script);
  await chmod(join(bin, 'git-remote-mirror'), 0o755);
  const config = join(root, 'gitconfig');
  await writeFile(
    config,
    '[user]\n\tname = A\n\temail = a@example.org\n[init]\n\tdefaultBranch = main\n[protocol "file"]\n\tallow = always\n[maintenance]\n\tauto = false\n',
  );
  const versionPath = version === undefined || version.program === 'git' ? [] : [dirname(version.program)];
  const env: NodeJS.ProcessEnv = {
    ...process.env,
    PATH: [bin, ...versionPath, process.env['PATH'] ?? ''].join(delimiter),
    HOME: root,
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_CONFIG_GLOBAL: config,
    GIT_TERMINAL_PROMPT: '0',
    LC_ALL: 'C',
  };
  // Before 2.32 git knows no variable for the user's configuration, but where it lies.
  await writeFile(join(root, '.gitconfig'), `[include]\n\tpath = ${config}\n`);
  const start = (folder: string, args: readonly string[], more: NodeJS.ProcessEnv, text: string): Promise<GitRun> =>
    new Promise((resolve) => {
      const options = {
        cwd: join(root, folder),
        env: { ...env, ...more },
        maxBuffer: maxOutputBytes,
        timeout: timeoutMs,
      };
      const child = execFile('git', args, options, (error, stdout, stderr) => {
        const status = error === null ? 0 : typeof error.code === 'number' ? error.code : 128;
        resolve({ status, stdout: stdout.trimEnd(), stderr });
      });
      // Whoever does not read to the end has said why in its status.
      child.stdin?.on('error', () => undefined);
      child.stdin?.end(text);
    });
  const run: Scene['try'] = (folder, args, more = {}) => start(folder, args, more, '');
  const scene: Scene = {
    root,
    env,
    try: run,
    git: async (folder, ...args) => {
      const { status, stdout, stderr } = await run(folder, args);
      if (status !== 0) throw new Error(`git ${args.join(' ')} ended with ${String(status)}: ${stderr}`);
      return stdout;
    },
    input: async (folder, args, text) => {
      const { status, stderr } = await start(folder, args, {}, text);
      if (status !== 0) throw new Error(`git ${args.join(' ')} ended with ${String(status)}: ${stderr}`);
    },
    commit: async (message, { branch = 'main', to = ['origin.git'] } = {}) => {
      await writeFile(join(root, 'work', `${branch}.txt`), `${message}\n`);
      await scene.git('work', 'add', '.');
      await scene.git('work', 'commit', '-q', '-m', message);
      for (const target of to) await scene.git('work', 'push', '-q', join(root, target), `HEAD:refs/heads/${branch}`);
      return scene.git('work', 'rev-parse', 'HEAD');
    },
    [Symbol.asyncDispose]: () => rm(root, { recursive: true, force: true, maxRetries: 10 }),
  };
  return scene;
}

/** Makes the bare repository `origin.git`, and `work` that commits to it, with three commits and an annotated tag. */
export async function makeOrigin(scene: Scene, format: 'sha1' | 'sha256' = 'sha1'): Promise<string> {
  const path = join(scene.root, 'origin.git');
  await scene.git('.', 'init', '-q', '--bare', `--object-format=${format}`, 'origin.git');
  await scene.git('.', 'init', '-q', `--object-format=${format}`, 'work');
  for (const message of ['first', 'second', 'third']) await scene.commit(message);
  await scene.git('work', 'tag', '-a', '-m', 'one', 'v1', 'HEAD~1');
  await scene.git('work', 'push', '-q', path, 'v1');
  await scene.git('origin.git', 'config', 'uploadpack.allowFilter', 'true');
  return path;
}
