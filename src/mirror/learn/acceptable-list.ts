import { comparableUrl } from '../../wire/mirrors/comparable-url.ts';
import type { MirrorEntry, MirrorList } from '../../wire/mirrors/mirror-list.ts';
import { parseMirrorUrl } from '../settings/mirror-url.ts';
import { isOnOwnMachine } from './own-machine.ts';

/** Mirrors and canonical URLs that are kept of all that is learned. */
export const maxLearned = 256;
const maxCanonical = 16;

/**
 * What of a list may be kept: URLs that a server may name, each place once, at most 256. A mirror on this very machine is
 * believed only when the origin is there, too.
 *
 * @param originUrl - who says it
 */
export function acceptableList(list: MirrorList, originUrl: string): MirrorList {
  const mayBeHere = isOnOwnMachine(originUrl);
  const isAcceptable = (url: string): boolean => mayBeHere || !isOnOwnMachine(url);
  return {
    ...list,
    canonical: list.canonical.flatMap(checked).slice(0, maxCanonical),
    mirrors: distinct(
      list.mirrors
        .flatMap((entry) => checked(entry.url).map((url) => ({ ...entry, url })))
        .filter(({ url }) => isAcceptable(url)),
    ).slice(0, maxLearned),
  };
}

/** Each place once. */
export function distinct(mirrors: readonly MirrorEntry[]): readonly MirrorEntry[] {
  const first = new Map<string, MirrorEntry>();
  for (const mirror of mirrors) {
    const key = comparableUrl(mirror.url);
    if (!first.has(key)) first.set(key, mirror);
  }
  return [...first.values()];
}

function checked(text: string): readonly string[] {
  try {
    return [parseMirrorUrl(text, 'network').url];
  } catch {
    // Whoever wrote the list will not read why.
    return [];
  }
}
