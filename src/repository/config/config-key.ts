import { isKeyCharacter, isLetter, lowerCase } from './config-characters.ts';

/** Where a key is split: `remote.origin.url` is section `remote`, subsection `origin` and name `url`. */
export interface ConfigKey {
  readonly section: string;
  readonly subsection: string | undefined;
  readonly name: string;
}

/** Takes a key apart that is in the form of {@link canonicalKey}. */
export function splitKey(key: string): ConfigKey {
  const first = key.indexOf('.');
  const last = key.lastIndexOf('.');
  const subsection = last > first ? key.slice(first + 1, last) : undefined;
  return { section: key.slice(0, first), subsection, name: key.slice(last + 1) };
}

/** A key in the form in which keys are compared, or what is wrong with it, in git's words. */
export type CanonicalKey = { readonly key: string } | { readonly problem: string };

/** Section and name in lower case, the subsection as it is. */
export function canonicalKey(text: string): CanonicalKey {
  const last = text.lastIndexOf('.');
  if (last <= 0) return { problem: `key does not contain a section: ${text}` };
  if (last === text.length - 1) return { problem: `key does not contain variable name: ${text}` };
  const first = text.indexOf('.');
  const section = text.slice(0, first);
  const subsection = text.slice(first, last);
  const name = text.slice(last + 1);
  if (!isKeyText(section) || !isKeyText(name) || !isLetter(name.charAt(0))) {
    return { problem: `invalid key: ${text}` };
  }
  if (subsection.includes('\n')) return { problem: `invalid key (newline): ${text}` };
  return { key: `${lowerCase(section)}${subsection}.${lowerCase(name)}` };
}

function isKeyText(text: string): boolean {
  return Array.from(text).every(isKeyCharacter);
}
