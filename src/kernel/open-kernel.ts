import { GitMirrorError } from '../core/error.ts';
import type { Kernel } from './kernel.ts';
import { PlainKernel } from './plain-kernel.ts';
import { WasmKernel } from './wasm-kernel.ts';

/**
 * Makes a kernel with a memory of its own; it belongs to the thread that opened it. `kind` is that of the environment
 * variable `GIT_MIRROR_KERNEL` unless it is given, and `wasm` without either.
 *
 * @throws GitMirrorError `GM_SYSTEM` when the module has not been built, `GM_USAGE` when the variable names no kind.
 */
export function openKernel(options: { readonly kind?: Kernel['kind'] } = {}): Kernel {
  return (options.kind ?? kindOfEnvironment()) === 'plain' ? new PlainKernel() : new WasmKernel();
}

function kindOfEnvironment(): Kernel['kind'] {
  const kind = process.env['GIT_MIRROR_KERNEL'] ?? '';
  if (kind === '' || kind === 'wasm') return 'wasm';
  if (kind === 'plain') return 'plain';
  throw new GitMirrorError('GM_USAGE', `GIT_MIRROR_KERNEL is "${kind}": "wasm" and "plain" are the kernels there are.`);
}
