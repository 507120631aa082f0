import { dirname } from 'node:path';
import type { GitBackend } from '../../src/server/git-backend.ts';
import { openBackend } from '../../src/server/open-backend.ts';
import type { BackendName } from '../../src/server/request-observer.ts';

export type { BackendName };

/** Backends that a test can be run with: git's own programs, and ours. */
export const backendNames: readonly BackendName[] = ['git', 'native'];

/** A backend and what ends it. */
export interface TestBackend {
  readonly backend: GitBackend;
  close(): Promise<void>;
}

/** Options of {@link openTestBackend}. */
export interface TestBackendOptions {
  /** The git behind the git backend. Default: the one in PATH. */
  readonly gitProgram?: string | undefined;
  readonly namespace?: string | undefined;
}

/** Opens the backend `name`, and that one alone: a request that the native one cannot answer fails. */
export async function openTestBackend(
  name: BackendName,
  { gitProgram, namespace }: TestBackendOptions = {},
): Promise<TestBackend> {
  const path = gitProgram?.includes('/') === true ? `${dirname(gitProgram)}:${process.env['PATH'] ?? ''}` : undefined;
  // The native backend is opened where there is no git, so that nothing but itself can have answered.
  const env = { ...process.env, ...(path === undefined ? {} : { PATH: path }) };
  return openBackend({
    backend: name,
    namespace,
    env: name === 'native' ? { ...env, PATH: '/nonexistent' } : env,
    workers: 2,
  });
}
