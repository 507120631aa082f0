const escapeSequences = /\u001b(?:\[[0-?]*[ -/]*[@-~]|\][^\u0007\u001b]*(?:\u0007|\u001b\\)?|[ -/]*[0-~])/g;
/** Control characters, and the format characters that reorder or hide text. */
const unprintable = /[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g;

/** `text` fit for one line of a terminal, whoever wrote it: escape sequences removed, other control characters as `?`. */
export function plainText(text: string): string {
  return text
    .replace(escapeSequences, '')
    .replace(/\s*\r?\n\s*/g, ' ')
    .replace(/\t/g, ' ')
    .replace(unprintable, '?');
}
