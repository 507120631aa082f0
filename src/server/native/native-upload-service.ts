import { tmpdir } from 'node:os';
import type { ByteStream } from '../../core/byte-stream.ts';
import type { UploadRun, UploadService } from '../upload-service.ts';
import { chooseLane } from './choose-lane.ts';
import { makePackFolder } from './pack-folder.ts';
import { WorkerPool } from './worker-pool.ts';

/** Options of {@link createNativeUploadService}. */
export interface NativeUploadOptions {
  /** Environment that git's configuration is read with. Default `process.env`. */
  readonly env?: NodeJS.ProcessEnv | undefined;
  /** Threads for clones and fetches. Default one a core. */
  readonly workers?: number | undefined;
  /** Bytes of packs that are kept on disk, so that equal ones are made once. 0: none. Default 2 GiB. */
  readonly cacheBytes?: number | undefined;
  /** Where they are kept. Default the system's folder for temporary files. */
  readonly cacheDir?: string | undefined;
  /** A thread has ended although it should not; another one takes its place. */
  readonly onThreadLost?: ((error: Error | undefined) => void) | undefined;
}

const defaultCacheBytes = 2 * 1024 ** 3;

/**
 * git-upload-pack(1) in threads of this process; no git is needed. Threads start at once, so that the first request finds
 * them ready.
 *
 * @throws GitMirrorError `GM_SYSTEM` when the folder of the cache cannot be made.
 */
export function createNativeUploadService(options: NativeUploadOptions = {}): UploadService {
  const { cacheBytes = defaultCacheBytes, cacheDir = tmpdir() } = options;
  const folder = cacheBytes > 0 ? makePackFolder(cacheDir) : undefined;
  const pool = new WorkerPool({
    settings: { env: { ...(options.env ?? process.env) } },
    workers: options.workers,
    cache: folder === undefined ? undefined : { dir: folder.dir, maxBytes: cacheBytes },
    onLost: options.onThreadLost,
  });
  return {
    run: (run) => runIn(pool, run),
    close: async () => {
      await pool.close();
      folder?.remove();
    },
  };
}

async function* runIn(pool: WorkerPool, run: UploadRun): AsyncGenerator<Uint8Array, void, void> {
  const { directory, gitProtocol, namespace, mode, limits, mirrors, observer, signal } = run;
  signal.throwIfAborted();
  const chosen: { readonly lane: 'quick' | 'long'; readonly input: ByteStream } =
    mode === 'answer'
      ? await chooseLane(run.input)
      : { lane: mode === 'advertise' ? 'quick' : 'long', input: run.input };
  const start = { directory, gitProtocol, namespace, mode, limits, hasMirrors: mirrors !== undefined };
  yield* pool.start(chosen.lane, { start, input: chosen.input, mirrors, observer, signal }).output();
}
