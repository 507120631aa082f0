import type { RepositoryLayout } from '../layout/repository-layout.ts';
import type { RefStore } from '../ref-store.ts';
import { FilesRefStore } from './files-ref-store.ts';
import { ReftableRefStore } from './reftable-ref-store.ts';
import type { RefStoreOptions } from './ref-store-options.ts';

/**
 * The refs of a repository, by the backend that its configuration names. Nothing is read before the first call, and nothing
 * has to be closed.
 *
 * @throws GitMirrorError what the calls of `RefStore` throw: `GM_CORRUPT`, `GM_LIMIT`, `GM_SYSTEM`
 */
export function openRefStore(
  layout: Pick<RepositoryLayout, 'gitDir' | 'commonDir' | 'format' | 'refStorage'>,
  options: RefStoreOptions = {},
): RefStore {
  if (layout.refStorage === 'reftable') return new ReftableRefStore(layout, layout.format, options);
  return new FilesRefStore(layout, layout.format, options);
}
