/**
 * Lets through what a git under ours says to its user, but for the summary of refs, which the git above gives itself. Text
 * holds one character a byte; progress passes as it comes, up to each carriage return.
 */
export class NoticeFilter {
  readonly #isHidden: (line: string) => boolean;
  readonly #write: (text: string) => void;
  #rest = '';

  constructor(isHidden: (line: string) => boolean, write: (text: string) => void) {
    this.#isHidden = isHidden;
    this.#write = write;
  }

  /** Takes more. */
  add(text: string): void {
    const pieces = (this.#rest + text).split(/(?<=[\r\n])/);
    const last = pieces.at(-1) ?? '';
    this.#rest = /[\r\n]$/.test(last) ? '' : last;
    if (this.#rest !== '') pieces.pop();
    const shown = pieces.filter((piece) => !piece.endsWith('\n') || !this.#isHidden(piece.slice(0, -1)));
    if (shown.length > 0) this.#write(shown.join(''));
  }

  /** Lets go of a last line without an end. */
  close(): void {
    if (this.#rest !== '' && !this.#isHidden(this.#rest)) this.#write(this.#rest);
    this.#rest = '';
  }
}

/** The summary of a fetch by object names: where it was from, and a line for each of them. In any language. */
export function isFetchSummary(line: string): boolean {
  return /^ \* .* -> FETCH_HEAD$/.test(line) || /^[^\s:]+ \S*[/:]\S*$/.test(line);
}
