import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { git, gitEnvironment } from '../git.ts';
import { measureProcess } from '../measure-process.ts';
import { say } from '../stage.ts';
import { MeasuredServer, type Backend, type ServerCost, type ServerSetting } from './measured-server.ts';
import { recordRequests, type RecordedRequest } from './record-requests.ts';
import { replayRequests, type ReplayTimes } from './replay-requests.ts';

/** Everything that one run of something gave. */
export interface ServeRun extends ServerCost {
  readonly times: ReplayTimes;
}

/** Runs of one scenario with both backends. */
export type BothRuns = Readonly<Record<Backend, readonly ServeRun[]>>;

/** How a server is brought to the state in which it is measured. */
export interface Preparation {
  /** Requests before the measured ones, whose costs do not count. */
  readonly warmUp: readonly (readonly RecordedRequest[])[];
  readonly cacheBytes?: number | undefined;
  readonly oneCore?: boolean | undefined;
}

const backends = ['git', 'native'] as const;

/** A folder of repositories that both backends serve in turn, and the requests that are sent to them. */
export class ServeBench {
  readonly root: string;
  readonly runs: number;

  constructor(root: string, runs: number) {
    this.root = root;
    this.runs = runs;
  }

  /** The requests of `git <words>`; `URL` is the repository `name`. `CLIENT` is a folder that is deleted afterwards. */
  async record(name: string, words: readonly string[], before: readonly (readonly string[])[] = []) {
    const folder = await mkdtemp(join(tmpdir(), 'git-mirror-bench-client-'));
    const fill = (word: string): string => word.replace('CLIENT', join(folder, 'client'));
    try {
      for (const step of before) await git(...step.map(fill));
      return await recordRequests(this.root, name, words.map(fill));
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }

  /** The requests of a fetch of the last `commits` commits of `main`, by a clone that has the ones before. */
  async recordIncremental(name: string, commits: number): Promise<readonly RecordedRequest[]> {
    const path = join(this.root, name);
    const tip = (await git('--git-dir', path, 'rev-parse', `HEAD~${commits}`)).trim();
    const format = (await git('--git-dir', path, 'rev-parse', '--show-object-format')).trim();
    const branch = (await git('--git-dir', path, 'symbolic-ref', 'HEAD')).trim();
    const before = [
      ['init', '--quiet', '--bare', `--object-format=${format}`, 'CLIENT'],
      ['--git-dir', 'CLIENT', 'fetch', '--quiet', '--no-tags', path, `${tip}:${branch}`],
    ];
    return this.record(
      name,
      ['--git-dir', 'CLIENT', 'fetch', '--quiet', '--no-tags', 'URL', `${branch}:${branch}`],
      before,
    );
  }

  /**
   * Sends the requests `runs` times, each time to a server that has been started and prepared for it, the backends taking
   * turns at beginning.
   */
  async fresh(what: string, requests: readonly RecordedRequest[], preparation: Preparation): Promise<BothRuns> {
    return this.alternate(what, async (backend) => {
      await using server = await this.start(backend, preparation);
      return [await this.#once(server, requests)];
    });
  }

  /** Starts one server for each backend, and sends the requests to it `runs` times after one that does not count. */
  async warm(
    what: string,
    requests: readonly RecordedRequest[],
    preparation: Preparation,
    times = this.runs,
  ): Promise<BothRuns> {
    await using stack = new AsyncDisposableStack();
    const servers = new Map<Backend, MeasuredServer>();
    for (const backend of backends) {
      const server = stack.use(await this.start(backend, preparation));
      await this.#once(server, requests);
      servers.set(backend, server);
    }
    return await this.alternate(
      what,
      async (backend) => {
        const server = servers.get(backend);
        return server === undefined ? [] : [await this.#once(server, requests)];
      },
      times,
    );
  }

  /** Sends the requests `clients` times at once to a fresh server. The times are those of the slowest client. */
  async atOnce(
    what: string,
    requests: readonly RecordedRequest[],
    clients: number,
    preparation: Preparation,
  ): Promise<BothRuns> {
    return this.alternate(what, async (backend) => {
      await using server = await this.start(backend, preparation);
      const { cost, result } = await server.measure(() =>
        Promise.all(Array.from({ length: clients }, () => replayRequests(server.port, requests))),
      );
      const slowest = result.reduce((worst, times) => (times.wallMs > worst.wallMs ? times : worst));
      return [{ ...cost, times: slowest }];
    });
  }

  /** Wall time of a real `git clone`. */
  async realClone(what: string, name: string, preparation: Preparation): Promise<BothRuns> {
    return this.alternate(what, async (backend) => {
      await using server = await this.start(backend, preparation);
      const folder = await mkdtemp(join(tmpdir(), 'git-mirror-bench-clone-'));
      try {
        const url = `http://127.0.0.1:${server.port}/${name}`;
        const { cost, result } = await server.measure(() =>
          measureProcess('git', ['clone', '--quiet', '--bare', url, join(folder, 'clone')], gitEnvironment),
        );
        const nothing = { handshakeMs: Number.NaN, negotiationMs: Number.NaN, firstByteMs: Number.NaN, packBytes: 0 };
        return [{ ...cost, times: { ...nothing, wallMs: result.wallMs } }];
      } finally {
        await rm(folder, { recursive: true, force: true });
      }
    });
  }

  /** Starts a server and warms it up. */
  async start(backend: Backend, { warmUp, cacheBytes, oneCore }: Preparation): Promise<MeasuredServer> {
    const setting: ServerSetting = { backend, root: this.root, cacheBytes, oneCore };
    const server = await MeasuredServer.start(setting);
    for (const requests of warmUp) await replayRequests(server.port, requests);
    return server;
  }

  /** Lets the backends take turns, `times` times each. */
  async alternate(
    what: string,
    turn: (backend: Backend) => Promise<readonly ServeRun[]>,
    times = this.runs,
  ): Promise<BothRuns> {
    const runs: Record<Backend, ServeRun[]> = { git: [], native: [] };
    for (let index = 0; index < times; index += 1) {
      for (const backend of index % 2 === 0 ? backends : backends.toReversed()) {
        runs[backend].push(...(await turn(backend)));
      }
    }
    const shown = backends.map((backend) => `${backend} ${(runs[backend].at(-1)?.times.wallMs ?? 0).toFixed(0)} ms`);
    say(`${what}: ${shown.join(', ')}`);
    return runs;
  }

  async #once(server: MeasuredServer, requests: readonly RecordedRequest[]): Promise<ServeRun> {
    const { cost, result } = await server.measure(() => replayRequests(server.port, requests));
    return { ...cost, times: result };
  }
}
