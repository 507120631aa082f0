import { spawn, type ChildProcess } from 'node:child_process';
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gitVersions } from '../../git-versions.ts';

/** How a program is run. */
export interface ClientRunOptions {
  /** Default: the machine's `work` folder. */
  readonly cwd?: string | undefined;
  /** Family of git, such as `2.30`, that is found in PATH. Default: the system's. */
  readonly version?: string | undefined;
  /** On top of the clean environment; undefined removes. */
  readonly env?: Readonly<Record<string, string | undefined>> | undefined;
  readonly input?: string | undefined;
}

/** What a program left. */
export interface ClientOutcome {
  /** Null when a signal ended it. */
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A program that may still run. */
export interface RunningClient {
  readonly child: ChildProcess;
  /** What it has printed so far. */
  output(): { readonly stdout: string; readonly stderr: string };
  readonly ended: Promise<ClientOutcome>;
}

/** A machine with a clean home, on which `git`, and `git mirror` out of this checkout's sources, can be run. */
export interface ClientMachine {
  readonly home: string;
  /** An empty folder to begin with. */
  readonly work: string;
  /** Starts a program, in a process group of its own, so that `process.kill(-pid, 'SIGINT')` is Ctrl-C. */
  start(program: string, args: readonly string[], options?: ClientRunOptions): RunningClient;
  /** Runs git to its end, whatever the end is. */
  git(args: readonly string[], options?: ClientRunOptions): Promise<ClientOutcome>;
  /** Runs git; throws with what it said unless it ends well. Returns standard output without the last line end. */
  gitText(args: readonly string[], options?: ClientRunOptions): Promise<string>;
  /** Runs `git-mirror <args>`. */
  mirror(args: readonly string[], options?: ClientRunOptions): Promise<ClientOutcome>;
  /** Ends what still runs. */
  close(): Promise<void>;
}

const sources = fileURLToPath(new URL('../../../src/cli', import.meta.url));
/** Commands in PATH, and the sources that stand behind them. */
const commands: readonly (readonly [command: string, source: string])[] = [
  ['git-mirror', join(sources, 'main.ts')],
  ['git-remote-mirror', join(sources, 'remote-mirror.ts')],
];

/** Makes it below the folder `root`. */
export async function openClientMachine(root: string): Promise<ClientMachine> {
  const [home, work, bin] = ['home', 'work', 'bin'].map((name) => join(root, name)) as [string, string, string];
  for (const folder of [home, work, bin]) await mkdir(folder, { recursive: true });
  await writeFile(
    join(home, '.gitconfig'),
    '[user]\n\tname = Lab\n\temail = lab@example.com\n[init]\n\tdefaultBranch = main\n[advice]\n\tdetachedHead = false\n',
  );
  for (const [command, source] of commands) {
    const path = join(bin, command);
    await writeFile(path, `#!/bin/sh\nexec '${process.execPath}' '${source}' "$@"\n`);
    await chmod(path, 0o755);
  }
  const running = new Set<RunningClient>();
  const start: ClientMachine['start'] = (program, args, options = {}) => {
    const child = spawn(program, args, {
      cwd: options.cwd ?? work,
      env: applyChanges(cleanEnvironment(home, bin, options.version), options.env ?? {}),
      stdio: ['pipe', 'pipe', 'pipe'],
      detached: true,
    });
    const printed = { stdout: '', stderr: '' };
    child.stdout.setEncoding('utf8').on('data', (text: string) => (printed.stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (printed.stderr += text));
    // Whoever does not read it to the end says why in its status.
    child.stdin.on('error', () => undefined);
    child.stdin.end(options.input);
    const ended = new Promise<ClientOutcome>((resolve, reject) => {
      child.on('error', reject);
      child.on('close', (status, signal) => {
        resolve({ status, signal, ...printed });
      });
    });
    const client = { child, output: () => ({ ...printed }), ended };
    running.add(client);
    void ended.catch(() => undefined).then(() => running.delete(client));
    return client;
  };
  const machine: ClientMachine = {
    home,
    work,
    start,
    git: (args, options) => start('git', args, options).ended,
    async gitText(args, options) {
      const { status, stdout, stderr } = await machine.git(args, options);
      if (status !== 0) throw new Error(`git ${args.join(' ')} ended with ${String(status)}: ${stderr}`);
      return stdout.replace(/\n$/, '');
    },
    mirror: (args, options) => start('git-mirror', args, options).ended,
    async close() {
      for (const { child, ended } of [...running]) {
        if (child.pid !== undefined) killGroup(child.pid);
        await ended.catch(() => undefined);
      }
    },
  };
  return machine;
}

function killGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // It has ended meanwhile.
  }
}

/** This process's environment without what would make git or a proxy act differently. */
function cleanEnvironment(home: string, bin: string, version: string | undefined): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(
    ([name]) => !/^GIT_|^XDG_|_proxy$|^NODE_OPTIONS$|^VITEST/i.test(name),
  );
  return {
    ...Object.fromEntries(kept),
    PATH: [bin, ...gitFolder(version), process.env['PATH'] ?? ''].join(delimiter),
    HOME: home,
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_TERMINAL_PROMPT: '0',
    LC_ALL: 'C',
  };
}

function gitFolder(version: string | undefined): readonly string[] {
  if (version === undefined) return [];
  const known = gitVersions().find(({ family }) => family === version);
  if (known === undefined) throw new Error(`there is no git ${version} here: run npm run git-versions`);
  return known.program.includes('/') ? [dirname(known.program)] : [];
}

function applyChanges(
  env: NodeJS.ProcessEnv,
  changes: Readonly<Record<string, string | undefined>>,
): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries({ ...env, ...changes }).filter(([, value]) => value !== undefined));
}
