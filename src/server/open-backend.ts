import { isGitMirrorError } from '../core/error.ts';
import { namespacePrefix } from '../repository/refs/namespaced-refs.ts';
import { namesUrl } from '../wire/mirrors/git-protocol-keys.ts';
import { chooseBackend, defaultBackend, nativePercent, type BackendChoice } from './backend-choice.ts';
import { isNeedsGitError, type GitBackend } from './git-backend.ts';
import { createGitHttpBackend, type BackendWarning } from './git-http-backend.ts';
import { createGitUploadService } from './git-upload-service.ts';
import type { BackendName } from './request-observer.ts';
import { RolloutBackend } from './rollout-backend.ts';
import type { UploadRun, UploadService } from './upload-service.ts';

/** Options of {@link openBackend}. */
export interface OpenBackendOptions {
  /** Default {@link defaultBackend}. */
  readonly backend?: BackendChoice | undefined;
  /** Who advertises, whatever `backend` is. */
  readonly advertise?: BackendName | undefined;
  /** Environment that git's configuration is read with, and that git's programs get. Default `process.env`. */
  readonly env?: NodeJS.ProcessEnv | undefined;
  /** `GIT_NAMESPACE` of what is served; default none. */
  readonly namespace?: string | undefined;
  /** Threads for clones and fetches of the native backend. Default one a core. */
  readonly workers?: number | undefined;
  /** Bytes of the native backend's pack cache; 0 for none. */
  readonly cacheBytes?: number | undefined;
  readonly cacheDir?: string | undefined;
  /** Let each repository's `http.receivepack` decide whether it takes pushes, which git itself then carries out. */
  readonly allowPush?: boolean | undefined;
  readonly onWarning?: ((warning: BackendWarning) => void) | undefined;
}

/** What answers, over HTTP and over git://. */
export interface OpenedBackend {
  readonly backend: GitBackend;
  readonly pushBackend: GitBackend | undefined;
  /** The upload service for the requests of `client` (its address) to `directory`. */
  readonly upload: UploadService;
  /** Ends all that runs. */
  close(): Promise<void>;
}

/**
 * Opens the backend that was chosen. Where git is missing the native one alone serves, unless git was asked for.
 *
 * @throws GitMirrorError `GM_SYSTEM` when git is needed and missing, `GM_USAGE` for a namespace that is none.
 */
export async function openBackend(options: OpenBackendOptions = {}): Promise<OpenedBackend> {
  const { backend: choice = defaultBackend, advertise } = options;
  namespacePrefix(options.namespace ?? '');
  const needsGit = nativePercent(choice) < 100 || advertise === 'git' || options.allowPush === true;
  const needsNative = nativePercent(choice) > 0 || advertise === 'native';
  const git = await openGit(options, needsGit);
  if (!needsNative && git !== undefined) {
    const pushBackend = options.allowPush === true ? git.backend : undefined;
    return { ...git, pushBackend, close: () => git.upload.close() };
  }
  const { openNativeBackend } = await import('./native-backend.ts');
  const native = openNativeBackend({
    env: options.env,
    namespace: options.namespace,
    workers: options.workers,
    cacheBytes: options.cacheBytes,
    cacheDir: options.cacheDir,
    onThreadLost: (error) => {
      options.onWarning?.({ directory: '', path: 'thread', text: error?.message ?? 'a thread has ended' });
    },
  });
  return {
    backend:
      git === undefined
        ? namedBackend(native.backend)
        : new RolloutBackend({ native: native.backend, git: git.backend, choice, advertise }),
    pushBackend: options.allowPush === true ? git?.backend : undefined,
    upload:
      git === undefined ? namedUpload(native.upload) : rolloutUpload(namedUpload(native.upload), git.upload, choice),
    close: async () => {
      await native.upload.close();
      await git?.upload.close();
    },
  };
}

async function openGit(
  options: OpenBackendOptions,
  isNeeded: boolean,
): Promise<{ readonly backend: GitBackend; readonly upload: UploadService } | undefined> {
  const { env, onWarning, allowPush, namespace } = options;
  try {
    const [backend, upload] = await Promise.all([
      createGitHttpBackend({ env, onWarning, allowPush, namespace }),
      createGitUploadService({ env, onWarning }),
    ]);
    return { backend, upload };
  } catch (error) {
    if (isNeeded || !isGitMirrorError(error, 'GM_SYSTEM')) throw error;
    return undefined;
  }
}

function namedBackend(native: GitBackend): GitBackend {
  return {
    handle: (request) => {
      request.observer.servedBy('native');
      return native.handle(request);
    },
  };
}

function namedUpload(native: UploadService): UploadService {
  return {
    run: (run) => {
      run.observer.servedBy('native');
      return native.run(run);
    },
    close: () => native.close(),
  };
}

/** The share of conversations that the native service gets; one that it cannot hold, git holds. */
function rolloutUpload(native: UploadService, git: UploadService, choice: BackendChoice): UploadService {
  async function* runChosen(run: UploadRun): AsyncGenerator<Uint8Array, void, void> {
    if (!namesUrl(run.gitProtocol) && chooseBackend(choice, run.directory, run.remoteAddress ?? '') === 'git') {
      yield* git.run(run);
      return;
    }
    let hasBegun = false;
    try {
      for await (const chunk of native.run(run)) {
        hasBegun = true;
        yield chunk;
      }
    } catch (error) {
      if (hasBegun || !isNeedsGitError(error)) throw error;
      yield* git.run(run);
    }
  }
  return {
    run: runChosen,
    close: async () => {
      await Promise.all([native.close(), git.close()]);
    },
  };
}
