import { redactUrls } from '../../transport/display-url.ts';
import { plainText } from './plain-text.ts';

/** Makes text of anybody fit to be shown on one line. */
export type CleanText = (text: string) => string;

/** Secrets shorter than this are left alone: taking them out would mangle ordinary words. */
const minSecretLength = 6;

/** Takes `secrets` out of a text: the last guard, after everything else has kept them away from it. */
export function secretRemover(secrets: readonly string[]): CleanText {
  const longest = secrets.filter(({ length }) => length >= minSecretLength).sort((a, b) => b.length - a.length);
  return (text) => longest.reduce((clean, secret) => clean.replaceAll(secret, '***'), text);
}

/** Removes `secrets`, credentials in URLs, escape sequences and control characters. */
export function textCleaner(secrets: readonly string[]): CleanText {
  const removeSecrets = secretRemover(secrets);
  return (text) => redactUrls(removeSecrets(plainText(text)));
}
