import { openKernel } from '../../kernel/open-kernel.ts';
import { RepositoryCache } from '../../repository/open-repository.ts';
import { servingEnvironment } from '../git-programs.ts';
import { OwnDigests } from './own-digest.ts';

/**
 * The ref digest of the repository that `directory` is, or contains as `.git`, as a server of ours shows it to who asks by
 * its path.
 * @throws GitMirrorError `GM_NOT_FOUND` when there is none; `GM_CORRUPT` for one that cannot be read
 */
export function repositoryDigest(directory: string, env: NodeJS.ProcessEnv): string {
  // Refs are read, and no object.
  const repositories = new RepositoryCache({ kernel: openKernel({ kind: 'plain' }), env: servingEnvironment(env) });
  const lease = repositories.acquire(directory);
  try {
    return new OwnDigests('').of(lease.repository);
  } finally {
    lease.release();
    repositories.close();
  }
}
