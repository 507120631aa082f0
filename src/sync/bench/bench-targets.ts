import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { GitMirrorError, messageOf } from '../../core/error.ts';
import type { ObjectFormat } from '../../core/object-id.ts';
import { programEnvironment } from '../../transport/repository-environment.ts';

const maxOutputBytes = 256 * 1024 * 1024;

/** Options of {@link LocalTargets.open}. */
export interface LocalTargetsOptions {
  /** Default: the system's temporary folder. Made when it is not there. */
  readonly dir?: string | undefined;
  readonly keep: boolean;
  readonly format: ObjectFormat;
  readonly env: NodeJS.ProcessEnv;
  readonly signal: AbortSignal | undefined;
}

/**
 * Bare repositories that are made to be measured against, by `git` itself, in a folder of their own. Errors:
 * `GM_SYSTEM` when there is no git or no place; the reason of the signal, untouched.
 */
export class LocalTargets {
  /** As `git --version` says it. */
  readonly gitVersion: string;
  readonly #folder: string;
  readonly #options: LocalTargetsOptions;
  #count = 0;

  private constructor(folder: string, gitVersion: string, options: LocalTargetsOptions) {
    this.#folder = folder;
    this.gitVersion = gitVersion;
    this.#options = options;
  }

  static async open(options: LocalTargetsOptions): Promise<LocalTargets> {
    const version = (await runGit(['--version'], '', options)).trim();
    const parent = options.dir ?? tmpdir();
    try {
      await mkdir(parent, { recursive: true });
      return new LocalTargets(await mkdtemp(join(parent, 'git-mirror-bench-')), version, options);
    } catch (cause) {
      throw new GitMirrorError('GM_SYSTEM', `Making targets in ${parent} failed: ${messageOf(cause)}.`, { cause });
    }
  }

  /** Path of a repository without refs. */
  async make(): Promise<string> {
    this.#count += 1;
    const path = join(this.#folder, `target-${this.#count}.git`);
    await this.#git('init', '--quiet', '--bare', `--object-format=${this.#options.format}`, path);
    // Nothing may go on in the background once a sync is over.
    await this.#git('--git-dir', path, 'config', 'gc.auto', '0');
    await this.#git('--git-dir', path, 'config', 'maintenance.auto', 'false');
    return path;
  }

  /**
   * Sets `ref` of the repository back by `commits`, along first parents, and deletes the other refs that reach one of
   * those commits, so that a sync has to bring them. False, and nothing done, when the history is shorter.
   */
  async setBack(path: string, ref: string, commits: number): Promise<boolean> {
    const words = ['rev-list', '--first-parent', `--max-count=${commits + 1}`, ref, '--'];
    const history = (await this.#git('--git-dir', path, ...words)).trim().split('\n');
    const [oldest, base] = history.slice(-2);
    if (history.length <= commits || oldest === undefined || base === undefined) return false;
    const reaching = await this.#git('--git-dir', path, 'for-each-ref', `--contains=${oldest}`, '--format=%(refname)');
    const names = reaching.split('\n').filter((name) => name !== '' && name !== ref);
    const commands = [`update ${ref} ${base}`, ...names.map((name) => `delete ${name}`)];
    await runGit(['--git-dir', path, 'update-ref', '--stdin'], `${commands.join('\n')}\n`, this.#options);
    return true;
  }

  /** Deletes one target, unless targets are kept. Never throws. */
  async remove(path: string): Promise<void> {
    if (!this.#options.keep) await rm(path, { recursive: true, force: true }).catch(() => undefined);
  }

  /** Deletes them all, unless they are kept. Never throws. */
  async close(): Promise<void> {
    await this.remove(this.#folder);
  }

  #git(...words: readonly string[]): Promise<string> {
    return runGit(words, '', this.#options);
  }
}

function runGit(words: readonly string[], input: string, { env, signal }: LocalTargetsOptions): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = execFile(
      'git',
      words,
      { env: programEnvironment(env, { keepConfiguration: false }), maxBuffer: maxOutputBytes, signal },
      (error, stdout, stderr) => {
        if (error === null) resolve(stdout);
        else if (signal?.aborted === true) reject(signal.reason as Error);
        else {
          const problem = stderr.trim() === '' ? error.message : stderr.trim();
          reject(new GitMirrorError('GM_SYSTEM', `Preparing a target with git failed: ${problem}`, { cause: error }));
        }
      },
    );
    child.stdin?.on('error', () => undefined);
    child.stdin?.end(input);
  });
}
