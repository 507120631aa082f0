import { cloneThroughMirrors } from '../../mirror/clone/clone-through-mirrors.ts';
import type { Invocation } from '../invocation.ts';
import { runThroughMirrors } from './run-through-mirrors.ts';

/** `git mirror clone`. */
export async function runClone(invocation: Invocation): Promise<number> {
  return runThroughMirrors(invocation, cloneThroughMirrors);
}
