import { execFileSync, fork, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { ChildWatch, cpuMsOf, resetPeak, rssOf } from './process-tree.ts';

/** The two sides of every row. */
export type Backend = 'git' | 'native';

/** How a server is started. */
export interface ServerSetting {
  readonly backend: Backend;
  readonly root: string;
  /** Bytes of the pack cache; absent: the server's own default, 0: none. */
  readonly cacheBytes?: number | undefined;
  /** On one core alone. */
  readonly oneCore?: boolean | undefined;
}

/** What the server's side of some work took. */
export interface ServerCost {
  readonly wallMs: number;
  readonly cpuMs: number;
  /** Ours: of the server process. Git's: of the processes it started, added up. */
  readonly peakRssBytes: number;
}

/** A server in a process of its own. */
export class MeasuredServer implements AsyncDisposable {
  readonly port: number;
  readonly setting: ServerSetting;
  readonly #child: ChildProcess;

  private constructor(setting: ServerSetting, child: ChildProcess, port: number) {
    this.setting = setting;
    this.#child = child;
    this.port = port;
  }

  static async start(setting: ServerSetting): Promise<MeasuredServer> {
    const words = [setting.backend, setting.root, String(setting.cacheBytes ?? '')];
    const child = fork(fileURLToPath(new URL('../serve-child.ts', import.meta.url)), words, {
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    const port = await new Promise<number>((resolve, reject) => {
      child.once('message', (message) => {
        resolve(Number(message));
      });
      child.once('error', reject);
      child.once('exit', () => {
        reject(new Error(`the server with the ${setting.backend} backend ended before it was ready`));
      });
    });
    const server = new MeasuredServer(setting, child, port);
    // Threads and programs that are started later stay on the core of whoever starts them.
    if (setting.oneCore === true) execFileSync('taskset', ['-acp', '0', String(server.pid)], { stdio: 'ignore' });
    return server;
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** Bytes that the server process has in memory now. */
  get rssBytes(): number {
    return rssOf(this.pid, 'VmRSS');
  }

  /** Does `work` and says what it took on the server's side. */
  async measure<T>(work: () => Promise<T>): Promise<{ readonly cost: ServerCost; readonly result: T }> {
    resetPeak(this.pid);
    const watch = new ChildWatch(this.pid);
    const [startedAt, cpuBefore] = [performance.now(), cpuMsOf(this.pid)];
    try {
      const result = await work();
      const wallMs = performance.now() - startedAt;
      // Programs end a moment after their last byte; their time counts once they have been waited for.
      if (this.setting.backend === 'git') await new Promise((resolve) => setTimeout(resolve, 60));
      const cpuMs = cpuMsOf(this.pid) - cpuBefore;
      const peakRssBytes = this.setting.backend === 'native' ? rssOf(this.pid, 'VmHWM') : watch.peakBytes;
      return { cost: { wallMs, cpuMs, peakRssBytes }, result };
    } finally {
      watch.stop();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const exited = new Promise((resolve) => this.#child.once('exit', resolve));
    if (this.#child.connected) this.#child.disconnect();
    await exited;
  }
}
