import { createHash } from 'node:crypto';
import { GitMirrorError } from '../core/error.ts';
import type { BackendName } from './request-observer.ts';

/** Which backend answers: always the same, or for a share of the clients the native one. */
export type BackendChoice = BackendName | `canary:${number}`;

/** What serves when nothing is said. */
export const defaultBackend: BackendChoice = 'native';

/** `native`, `git` or `canary:<percent>`. Throws `GM_USAGE` for anything else. */
export function parseBackendChoice(text: string): BackendChoice {
  if (text === 'native' || text === 'git') return text;
  const percent = /^canary:(\d+(?:\.\d+)?)%?$/.exec(text)?.[1];
  if (percent !== undefined && Number(percent) <= 100) return `canary:${Number(percent)}`;
  throw new GitMirrorError('GM_USAGE', 'A backend is native, git or canary:PERCENT, such as canary:5');
}

/** Share of the requests that the native backend gets, from 0 to 100. */
export function nativePercent(choice: BackendChoice): number {
  if (choice === 'native') return 100;
  return choice === 'git' ? 0 : Number(choice.slice('canary:'.length));
}

/**
 * The backend for the requests of `client` (its address) to `directory`: the same one as long as the share stays as it is,
 * and for a larger share every pair that was native stays so.
 */
export function chooseBackend(choice: BackendChoice, directory: string, client: string): BackendName {
  const percent = nativePercent(choice);
  if (percent <= 0) return 'git';
  if (percent >= 100) return 'native';
  const hash = createHash('sha256').update(`${directory}\0${client}`).digest().readUInt32BE(0);
  return (hash / 2 ** 32) * 100 < percent ? 'native' : 'git';
}
