import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ObjectFormat } from '../../src/core/object-id.ts';
import { FastImport, type NewCommit } from './fast-import.ts';
import { runGit, runGitForBytes } from './run-git.ts';

/** A bare repository on this machine, and what a test does to it. */
export class Repository {
  readonly path: string;
  #commits = 0;

  constructor(path: string) {
    this.path = path;
  }

  /** Makes an empty bare repository at `path` whose HEAD names `main`. */
  static async init(path: string, format: ObjectFormat = 'sha1'): Promise<Repository> {
    await runGit(['init', '-q', '--bare', '--initial-branch=main', `--object-format=${format}`, path]);
    return new Repository(path);
  }

  /** Runs git in the repository and returns what it printed. */
  async git(...args: readonly string[]): Promise<string> {
    return runGit(args, { cwd: this.path });
  }

  /** Feeds `git fast-import`. */
  async import(stream: FastImport): Promise<void> {
    await runGit(['fast-import', '--quiet', '--force', '--done'], { cwd: this.path, input: stream.finish() });
  }

  /** Adds one commit on top of the ref, or of `from`; null makes a root. Returns its name. */
  async commit(
    ref: string,
    options: Omit<NewCommit, 'ref' | 'from'> & { readonly from?: string | null } = {},
  ): Promise<string> {
    this.#commits += 1;
    const { from = await this.tip(ref), ...rest } = options;
    // Far from the commits that the repository was made with, so that no two of them are ever the same.
    const stream = new FastImport(1_000_000 + this.#commits * 10);
    stream.commit({
      files: { [`change-${String(this.#commits)}.txt`]: `change ${String(this.#commits)} of ${ref}\n` },
      ...rest,
      ref,
      from: from ?? undefined,
    });
    await this.import(stream);
    return this.resolve(ref);
  }

  /** The object a name stands for. */
  async resolve(name: string): Promise<string> {
    return this.git('rev-parse', '--verify', '--quiet', name);
  }

  /** The object the ref names; undefined when there is no such ref. */
  async tip(ref: string): Promise<string | undefined> {
    return (await this.refs()).get(ref);
  }

  /** All refs, HEAD left out, sorted by name. */
  async refs(): Promise<ReadonlyMap<string, string>> {
    const lines = await this.git('for-each-ref', '--format=%(refname) %(objectname)');
    const refs = new Map<string, string>();
    for (const line of lines.split('\n')) {
      const [name, oid] = line.split(' ');
      if (name !== undefined && oid !== undefined) refs.set(name, oid);
    }
    return refs;
  }

  async updateRef(ref: string, target: string): Promise<void> {
    await this.git('update-ref', ref, target);
  }

  async deleteRef(ref: string): Promise<void> {
    await this.git('update-ref', '-d', ref);
  }

  async configure(name: string, value: string): Promise<void> {
    await this.git('config', name, value);
  }

  /** Installs a hook: a shell script without its first line. */
  async hook(name: string, script: string): Promise<void> {
    const path = join(this.path, 'hooks', name);
    await mkdir(join(this.path, 'hooks'), { recursive: true });
    await writeFile(path, `#!/bin/sh\n${script}\n`);
    await chmod(path, 0o755);
  }

  /** Has every push from now on written down, for {@link recordedPushes}. */
  async recordPushes(): Promise<void> {
    await this.hook('pre-receive', 'cut -d" " -f3 >>pushed; echo end >>pushed');
  }

  /** Names of the refs of every push since {@link recordPushes}, in the order they were sent. */
  async recordedPushes(): Promise<readonly (readonly string[])[]> {
    const text = await readFile(join(this.path, 'pushed'), 'utf8');
    return text
      .split('end\n')
      .slice(0, -1)
      .map((lines) => lines.split('\n').slice(0, -1));
  }

  /** Bytes of one pack with everything the refs reach. */
  async packBytes(): Promise<number> {
    return (await runGitForBytes(['pack-objects', '--all', '--stdout', '-q'], { cwd: this.path })).length;
  }

  /** Objects there are, loose and packed. */
  async objectCount(): Promise<number> {
    const text = await this.git('count-objects', '-v');
    const value = (name: string): number => Number(new RegExp(`^${name}: (\\d+)$`, 'm').exec(text)?.[1]);
    return value('count') + value('in-pack');
  }
}
