import { GitMirrorError } from '../../core/error.ts';
import { isCursor, isListedUrl } from './mirror-fields.ts';
import { mirrorLimits } from './mirror-limits.ts';
import type { MirrorAnswer, MirrorEntry, MirrorList, PreferMirrors } from './mirror-list.ts';

/** An answer as it comes in, bounded, whatever form it comes in. */
export class MirrorAnswerBuilder {
  readonly #canonical: string[] = [];
  readonly #mirrors: MirrorEntry[] = [];
  readonly #valid: string[] = [];
  #prefer: PreferMirrors = 'now';
  #more: MirrorList['more'];
  #isNotFound = false;
  #lines = 0;
  #kept = 0;

  /** Counts what is read. `GM_LIMIT` past the bound. */
  count(): void {
    this.#lines += 1;
    if (this.#lines <= mirrorLimits.maxLines) return;
    throw new GitMirrorError(
      'GM_LIMIT',
      `reading a list of mirrors: it has more than ${mirrorLimits.maxLines} entries; it is not used`,
    );
  }

  addCanonical(url: string): void {
    if (isListedUrl(url) && this.#hasRoom()) this.#canonical.push(url);
  }

  addMirror(entry: MirrorEntry | undefined): void {
    if (entry !== undefined && this.#hasRoom()) this.#mirrors.push(entry);
  }

  addValid(url: string): void {
    if (isListedUrl(url) && this.#hasRoom()) this.#valid.push(url);
  }

  setPrefer(prefer: PreferMirrors): void {
    this.#prefer = prefer;
  }

  setMore(count: number | undefined, cursor: string): void {
    if (count !== undefined && count > 0 && isCursor(cursor)) this.#more = { count, cursor };
  }

  setNotFound(): void {
    this.#isNotFound = true;
  }

  /** All that was kept. */
  answer(): MirrorAnswer {
    if (this.#isNotFound) return { kind: 'not-found', valid: this.#valid };
    const list = { canonical: this.#canonical, prefer: this.#prefer, mirrors: this.#mirrors };
    return { kind: 'list', list: this.#more === undefined ? list : { ...list, more: this.#more } };
  }

  #hasRoom(): boolean {
    this.#kept += 1;
    return this.#kept <= mirrorLimits.maxKept;
  }
}
