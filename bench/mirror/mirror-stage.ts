import { mkdir, rm } from 'node:fs/promises';
import { delimiter, dirname, join } from 'node:path';
import { openShapedLink, type LinkShape, type ShapedLink } from '../../test/mirror/lab/shaped-link.ts';
import { git, gitEnvironment } from '../git.ts';
import { measureProcess, type ProcessCost } from '../measure-process.ts';
import { command } from '../stage.ts';
import { startFront, type Front } from '../start-front.ts';

/** The link in front of one place where repositories can be had. */
export interface Place {
  readonly link: ShapedLink;
  urlOf(name: string): string;
}

/** An origin and three mirrors: `git http-backend` in a process of its own each, over the same folder, behind a link. */
export class MirrorStage {
  readonly root: string;
  readonly runs: number;
  readonly origin: Place;
  readonly mirrors: readonly Place[];
  readonly #fronts: readonly Front[];
  readonly #env: NodeJS.ProcessEnv;
  #clones = 0;

  private constructor(root: string, runs: number, fronts: readonly Front[], places: readonly Place[]) {
    const [origin, ...mirrors] = places;
    if (origin === undefined) throw new Error('there is no origin');
    this.root = root;
    this.runs = runs;
    this.origin = origin;
    this.mirrors = mirrors;
    this.#fronts = fronts;
    this.#env = {
      ...gitEnvironment,
      HOME: join(root, 'home'),
      XDG_CONFIG_HOME: join(root, 'home'),
      // `git mirror` is found as a user's git finds it, and starts with the Node that runs this.
      PATH: [dirname(command), dirname(process.execPath), process.env['PATH'] ?? ''].join(delimiter),
    };
  }

  /** Serves the repositories in `root`. Whatever takes long is measured `runs` times. */
  static async open(root: string, runs: number): Promise<MirrorStage> {
    const fronts: Front[] = [];
    const places: Place[] = [];
    await mkdir(join(root, 'home'), { recursive: true });
    for (let index = 0; index < 4; index += 1) {
      const front = await startFront(root);
      fronts.push(front);
      const link = await openShapedLink({ targetPort: Number(new URL(front.urlOf('')).port) });
      places.push({ link, urlOf: (name) => `http://127.0.0.1:${String(link.port)}/${name}` });
    }
    return new MirrorStage(root, runs, fronts, places);
  }

  /** Gives links their shapes, the origin's first; those that are not named get none. */
  async shape(...shapes: readonly LinkShape[]): Promise<void> {
    for (const [index, { link }] of [this.origin, ...this.mirrors].entries()) {
      await link.reshape(shapes[index] ?? {});
      link.forget();
    }
  }

  /** What `git <words>` takes. */
  measure(words: readonly string[], folder: string = this.root): Promise<ProcessCost> {
    return measureProcess('git', ['-C', folder, ...words], this.#env);
  }

  /** What a program takes. */
  measureProgram(program: string, words: readonly string[]): Promise<ProcessCost> {
    return measureProcess(program, words, this.#env);
  }

  /** Measures a clone with the words that make it, all but its folder; looks that all is there, and removes it. */
  async measureClone(words: readonly string[], name: string): Promise<ProcessCost> {
    this.#clones += 1;
    const folder = join(this.root, `clone-${String(this.#clones)}`);
    try {
      // Behind `git mirror` the processor time would be told too late: when git has waited for all, it ends.
      const [first, ...rest] = words;
      const isOurs = first === 'mirror';
      const cost = await (isOurs
        ? this.measureProgram(process.execPath, [command, ...rest, folder])
        : this.measure([...words, folder]));
      await this.#check(folder, name);
      return cost;
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }

  /** A clone that stays, of the origin; mirrors are configured in it. Returns its folder. */
  async keepClone(name: string): Promise<string> {
    const folder = join(this.root, 'kept-clone');
    await rm(folder, { recursive: true, force: true });
    await git('clone', '--quiet', '--no-checkout', this.origin.urlOf(name), folder);
    for (const mirror of this.mirrors)
      await git('-C', folder, 'config', '--add', 'remote.origin.mirrorUrl', mirror.urlOf(name));
    return folder;
  }

  async close(): Promise<void> {
    for (const { link } of [this.origin, ...this.mirrors]) await link.close();
    for (const front of this.#fronts) await front.close();
  }

  /** Every branch is where the origin has it, and every object is there. */
  async #check(folder: string, name: string): Promise<void> {
    const wanted = await git('--git-dir', join(this.root, name), 'for-each-ref', format(2), 'refs/heads');
    const found = await git('-C', folder, 'for-each-ref', format(3), 'refs/remotes/origin');
    if (wanted !== found.replace(/^.* HEAD\n/m, ''))
      throw new Error(`the branches of the clone are not those of ${name}`);
    const left = await git('-C', folder, 'for-each-ref', 'refs/mirror');
    if (left !== '') throw new Error(`a clone of ${name} has refs of mirrors left`);
    await git('-C', folder, 'fsck', '--connectivity-only', '--no-dangling');
  }
}

function format(strip: number): string {
  return `--format=%(objectname) %(refname:lstrip=${String(strip)})`;
}
