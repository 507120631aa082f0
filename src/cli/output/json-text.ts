import { secretRemover } from './clean-text.ts';

/** Characters that JSON allows in a string and a terminal may act upon. */
const unprintable = /[\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g;

function escapeCharacter(character: string): string {
  return `\\u${(character.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`;
}

/** `value` as an indented JSON document with a line end, clear of `secrets` and safe to show on a terminal. */
export function jsonText(value: unknown, secrets: readonly string[] = []): string {
  const removeSecrets = secretRemover(secrets);
  const replacer = (_key: string, field: unknown) => (typeof field === 'string' ? removeSecrets(field) : field);
  const text = JSON.stringify(value, secrets.length === 0 ? undefined : replacer, 2);
  return `${text.replace(unprintable, escapeCharacter)}\n`;
}
