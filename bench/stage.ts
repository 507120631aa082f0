import { execFile } from 'node:child_process';
import { createReadStream } from 'node:fs';
import { cp, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { git } from './git.ts';
import { startFront, type Front } from './start-front.ts';

/** The built command. */
export const command = fileURLToPath(new URL('../bin/git-mirror', import.meta.url));

/** Where the measured things happen: a folder of repositories, and the server in front of them. */
export class Stage {
  readonly root: string;
  readonly runs: number;
  readonly #front: Front;

  private constructor(root: string, runs: number, front: Front) {
    this.root = root;
    this.runs = runs;
    this.#front = front;
  }

  /** Serves the folder `root`. Everything is measured `runs` times. */
  static async open(root: string, runs: number): Promise<Stage> {
    return new Stage(root, runs, await startFront(root));
  }

  /** Path of the repository `name`. */
  path(name: string): string {
    return join(this.root, name);
  }

  /** URL of the repository `name`. */
  url(name: string): string {
    return this.#front.urlOf(name);
  }

  /** Makes `name` a copy of the repository `original`, in place of what is there. */
  async copy(original: string, name: string): Promise<void> {
    await this.remove(name);
    await cp(this.path(original), this.path(name), { recursive: true, dereference: true });
    await git('--git-dir', this.path(name), 'config', 'gc.auto', '0');
  }

  /** Reads the packs of the repository `name`, so that whoever is measured first does not pay for the disk. */
  async readAhead(name: string): Promise<void> {
    const folder = join(this.path(name), 'objects', 'pack');
    for (const file of await readdir(folder)) {
      const stream: AsyncIterable<Uint8Array> = createReadStream(join(folder, file));
      for await (const chunk of stream) if (chunk.length === 0) break;
    }
  }

  async remove(name: string): Promise<void> {
    await rm(this.path(name), { recursive: true, force: true });
  }

  /** Waits until what earlier runs wrote is on the disk, so that the next one does not pay for it. */
  async settle(): Promise<void> {
    await new Promise((resolve) => {
      execFile('sync', resolve);
    });
  }

  async close(): Promise<void> {
    await this.#front.close();
  }
}

/** Says what is going on to whoever waits. */
export function say(sentence: string): void {
  process.stderr.write(`${sentence}\n`);
}
