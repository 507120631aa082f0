import { lowerCase } from './config-characters.ts';

/**
 * Whether `text` matches the shell glob `pattern`, as paths do (gitignore(5), "Pattern format"): `*`, `?` and sets do not
 * match a slash, `**` between slashes, in front or at the end matches any number of folders. Takes time in proportion to
 * the product of both lengths at most.
 */
export function matchesGlob(pattern: string, text: string, options: { ignoreCase?: boolean } = {}): boolean {
  const fold = options.ignoreCase === true;
  return new GlobMatch(fold ? lowerCase(pattern) : pattern, fold ? lowerCase(text) : text, fold).from(0, 0);
}

class GlobMatch {
  readonly #pattern: string;
  readonly #text: string;
  readonly #fold: boolean;
  /** Pairs of places that were tried behind a star and led to nothing. */
  readonly #failed = new Set<number>();
  /** Stars with the places they were stretched to. */
  readonly #tried = new Set<number>();

  constructor(pattern: string, text: string, fold: boolean) {
    this.#pattern = pattern;
    this.#text = text;
    this.#fold = fold;
  }

  from(patternStart: number, textStart: number): boolean {
    const pattern = this.#pattern;
    const text = this.#text;
    let at = patternStart;
    let place = textStart;
    while (at < pattern.length) {
      const character = pattern.charAt(at);
      if (character === '*') return this.#star(at, place);
      if (place >= text.length) return false;
      const letter = text.charAt(place);
      if (character === '[') {
        const set = readSet(pattern, at + 1, letter, this.#fold);
        if (set === undefined || !set.matches || letter === '/') return false;
        at = set.end;
      } else {
        const literal = character === '\\' ? pattern.charAt(++at) : character;
        if (character === '?' ? letter === '/' : letter !== literal) return false;
        at++;
      }
      place++;
    }
    return place === text.length;
  }

  #star(start: number, place: number): boolean {
    const pattern = this.#pattern;
    let end = start;
    while (pattern.charAt(end) === '*') end++;
    const opens = start === 0 || pattern.charAt(start - 1) === '/';
    const closes = end === pattern.length || pattern.charAt(end) === '/' || pattern.startsWith('\\/', end);
    const crossesSlashes = end - start > 1 && opens && closes;
    // "**/" also stands for no folder at all.
    if (crossesSlashes && pattern.charAt(end) === '/' && this.#rest(end + 1, place)) return true;
    if (end === pattern.length) return crossesSlashes || !this.#text.includes('/', place);
    for (let next = place; next <= this.#text.length; next++) {
      // Another try of this star went on from here, to the same end.
      if (!this.#isFirstTry(start, next)) return false;
      if (this.#rest(end, next)) return true;
      if (!crossesSlashes && this.#text.charAt(next) === '/') return false;
    }
    return false;
  }

  #isFirstTry(star: number, place: number): boolean {
    const pair = star * (this.#text.length + 1) + place;
    if (this.#tried.has(pair)) return false;
    this.#tried.add(pair);
    return true;
  }

  #rest(at: number, place: number): boolean {
    const pair = at * (this.#text.length + 1) + place;
    if (this.#failed.has(pair)) return false;
    const matches = this.from(at, place);
    if (!matches) this.#failed.add(pair);
    return matches;
  }
}

interface SetResult {
  readonly matches: boolean;
  /** Behind the closing bracket. */
  readonly end: number;
}

/** Reads `[...]` from behind its opening bracket; undefined when it is not closed, which matches nothing. */
function readSet(pattern: string, start: number, letter: string, fold: boolean): SetResult | undefined {
  const isNegated = pattern.charAt(start) === '!' || pattern.charAt(start) === '^';
  let at = isNegated ? start + 1 : start;
  let matches = false;
  let previous = '';
  for (let isFirst = true; isFirst || pattern.charAt(at) !== ']'; isFirst = false) {
    let character = pattern.charAt(at);
    if (character === '') return undefined;
    const following = pattern.charAt(at + 1);
    if (character === '-' && previous !== '' && following !== '' && following !== ']') {
      at++;
      character = pattern.charAt(at) === '\\' ? pattern.charAt(++at) : following;
      if (character === '') return undefined;
      if (letter >= previous && letter <= character) matches = true;
      if (fold && letter.toUpperCase() >= previous && letter.toUpperCase() <= character) matches = true;
      previous = '';
    } else if (character === '[' && following === ':') {
      const close = pattern.indexOf(']', at + 2);
      if (close < 0) return undefined;
      if (pattern.charAt(close - 1) === ':' && close - 1 >= at + 2) {
        const test = classes[pattern.slice(at + 2, close - 1)];
        if (test === undefined) return undefined;
        if (test.test(letter) || (fold && test.test(letter.toUpperCase()))) matches = true;
        at = close;
        previous = '';
      } else {
        if (letter === '[') matches = true;
        previous = '[';
      }
    } else {
      if (character === '\\') character = pattern.charAt(++at);
      if (character === '') return undefined;
      if (letter === character) matches = true;
      previous = character;
    }
    at++;
  }
  return { matches: matches !== isNegated, end: at + 1 };
}

const classes: Readonly<Record<string, RegExp>> = {
  alnum: /[A-Za-z0-9]/,
  alpha: /[A-Za-z]/,
  blank: /[ \t]/,

  cntrl: /[\u0000-\u001f\u007f]/,
  digit: /[0-9]/,
  graph: /[!-~]/,
  lower: /[a-z]/,
  print: /[ -~]/,
  punct: /[!-/:-@[-`{-~]/,
  space: /[ \t\n\r]/,
  upper: /[A-Z]/,
  xdigit: /[0-9A-Fa-f]/,
};
