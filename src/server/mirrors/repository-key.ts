import { comparableUrl } from '../../wire/mirrors/comparable-url.ts';

/** Longest URL that is looked at. */
const maxUrlLength = 2048;

/**
 * What two URLs of one repository have in common, as `comparableUrl` has it. Undefined for what can name no repository that
 * is elsewhere: paths, schemes that only a remote helper knows.
 */
export function repositoryKey(url: string): string | undefined {
  if (url.length > maxUrlLength) return undefined;
  const key = comparableUrl(url);
  return /^(?:https?|git|ssh):\/\/[^/]/.test(key) ? key : undefined;
}
