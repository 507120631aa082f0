// The kernel in WebAssembly: what src/kernel/kernel.ts describes. Plain loads and stores in the memory it is given, and
// nothing of AssemblyScript's runtime: no objects, no allocation.
import { prepareInflate } from './inflate';

export { applyDelta } from './apply-delta';
export { createDelta } from './create-delta';
export { indexDelta } from './delta-index';
export { findName } from './find-name';
export { inflate, inflatePrefix } from './inflate';
export { prepareScan, scanTree } from './scan-tree';
export { scanTreeDelta } from './scan-tree-delta';

/** Where the static data ends: everything from here on belongs to whoever brought the memory. */
export function dataEnd(): usize {
  return __heap_base;
}

prepareInflate();
