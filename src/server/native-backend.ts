import { openKernel } from '../kernel/open-kernel.ts';
import { RepositoryCache } from '../repository/open-repository.ts';
import type { GitBackend } from './git-backend.ts';
import { servingEnvironment } from './git-programs.ts';
import { createHttpService } from './http-service.ts';
import { createNativeUploadService, type NativeUploadOptions } from './native/native-upload-service.ts';
import type { UploadService } from './upload-service.ts';

/** Options of {@link openNativeBackend}. */
export interface NativeBackendOptions extends NativeUploadOptions {
  /** `GIT_NAMESPACE`; default none. */
  readonly namespace?: string | undefined;
}

/** The backend that needs no git: the native upload service with HTTP around it. */
export interface NativeBackend {
  readonly backend: GitBackend;
  /** The same service for git://. Closing it ends both. */
  readonly upload: UploadService;
}

/** Starts the threads and opens the backend. Errors are those of `createNativeUploadService`. */
export function openNativeBackend(options: NativeBackendOptions = {}): NativeBackend {
  const env = servingEnvironment(options.env ?? process.env);
  // This thread reads configuration, and objects for the dumb protocol only.
  const repositories = new RepositoryCache({ kernel: openKernel(), env, maxIdle: 4, baseBytes: 4 * 1024 * 1024 });
  const upload = createNativeUploadService({ ...options, env });
  return { upload, backend: createHttpService({ upload, repositories, namespace: options.namespace }) };
}
