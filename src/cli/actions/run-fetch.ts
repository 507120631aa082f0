import { fetchThroughMirrors } from '../../mirror/fetch/fetch-through-mirrors.ts';
import type { Invocation } from '../invocation.ts';
import { runThroughMirrors } from './run-through-mirrors.ts';

/** `git mirror fetch`. */
export async function runFetch(invocation: Invocation): Promise<number> {
  return runThroughMirrors(invocation, fetchThroughMirrors);
}
