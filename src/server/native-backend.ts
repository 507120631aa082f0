import { openKernel } from '../kernel/open-kernel.ts';
import { RepositoryCache } from '../repository/open-repository.ts';
import type { GitBackend } from './git-backend.ts';
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
  const upload = createNativeUploadService(options);
  const repositories = new RepositoryCache({ kernel: openKernel(), env: options.env ?? process.env });
  return { upload, backend: createHttpService({ upload, repositories, namespace: options.namespace }) };
}
