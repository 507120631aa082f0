import { openKernel } from '../../src/kernel/open-kernel.ts';
import { RepositoryCache } from '../../src/repository/open-repository.ts';
import type { Repository } from '../../src/repository/repository.ts';

let cache: RepositoryCache | undefined;

/** What `work` makes of the repository at `path`, opened as for a request. */
export async function withRepository<Result>(
  path: string,
  work: (repository: Repository) => Promise<Result>,
): Promise<Result> {
  cache ??= new RepositoryCache({ kernel: openKernel(), env: process.env });
  const lease = cache.acquire(path);
  try {
    return await work(lease.repository);
  } finally {
    lease.release();
  }
}
