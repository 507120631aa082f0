import { GitMirrorError } from '../core/error.ts';
import type { Kernel } from './kernel.ts';
import { PlainKernel } from './plain-kernel.ts';

/** Makes a kernel with a memory of its own. It belongs to the thread that opened it. */
export function openKernel(options: { readonly kind?: 'wasm' | 'plain' } = {}): Kernel {
  if (options.kind === 'wasm') throw new GitMirrorError('GM_SYSTEM', 'There is no kernel in WebAssembly yet.');
  return new PlainKernel();
}
