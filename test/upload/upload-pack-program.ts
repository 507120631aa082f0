// Stands in for git-upload-pack(1) in tests: `node upload-pack-program.ts <repository>` speaks on standard input and output.
import { openKernel } from '../../src/kernel/open-kernel.ts';
import { LocalDeltaSearcher } from '../../src/packing/local-delta-searcher.ts';
import { RepositoryCache } from '../../src/repository/open-repository.ts';
import { serveUploadPack } from '../../src/upload/serve-upload-pack.ts';
import { defaultUploadLimits } from '../../src/upload/upload-limits.ts';

const cache = new RepositoryCache({ kernel: openKernel(), env: process.env });
const lease = cache.acquire(process.argv[2] ?? '.');
await serveUploadPack({
  repository: lease.repository,
  gitProtocol: process.env['GIT_PROTOCOL'] ?? '',
  namespace: process.env['GIT_NAMESPACE'] ?? '',
  mode: 'converse',
  input: process.stdin,
  output: {
    write: (bytes) =>
      process.stdout.write(bytes.slice())
        ? undefined
        : new Promise((resolve) => {
            process.stdout.once('drain', () => {
              resolve();
            });
          }),
  },
  limits: defaultUploadLimits,
  searcher: new LocalDeltaSearcher(),
  observer: { phase: () => undefined, facts: () => undefined },
  signal: new AbortController().signal,
});
lease.release();
process.stdin.destroy();
