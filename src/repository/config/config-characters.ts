/** Character classes as git has them, whatever the locale: ASCII only. */

/** Space, tab, LF or CR; not VT and FF. */
export function isSpace(character: string): boolean {
  return character === ' ' || character === '\t' || character === '\n' || character === '\r';
}

/** `a` to `z` and `A` to `Z`. */
export function isLetter(character: string): boolean {
  return (character >= 'a' && character <= 'z') || (character >= 'A' && character <= 'Z');
}

/** Letters, digits and `-`: what names of sections and variables consist of. */
export function isKeyCharacter(character: string): boolean {
  return isLetter(character) || (character >= '0' && character <= '9') || character === '-';
}

/** `text` with `A` to `Z` in lower case. */
export function lowerCase(text: string): string {
  return text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
}
