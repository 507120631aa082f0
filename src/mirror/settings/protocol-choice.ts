/** Which protocols mirrors may be reached by, and which are rather used. */
export interface ProtocolChoice {
  /** Schemes, the best first; what is not among them comes last. */
  readonly order: readonly string[];
  readonly banned: ReadonlySet<string>;
}

/** Schemes of URLs that a server may name. */
export const networkSchemes: readonly string[] = ['https', 'http', 'git', 'ssh'];

const known: ReadonlySet<string> = new Set([...networkSchemes, 'file']);

/** `https ssh !git`: in this order, and never `git`; separated by blanks or commas. Undefined for an unknown scheme. */
export function parseProtocolChoice(text: string): ProtocolChoice | undefined {
  const words = text
    .toLowerCase()
    .split(/[\s,]+/)
    .filter((word) => word !== '');
  if (words.some((word) => !known.has(word.replace(/^!/, '')))) return undefined;
  const banned = new Set(words.filter((word) => word.startsWith('!')).map((word) => word.slice(1)));
  return { order: [...new Set(words.filter((word) => !word.startsWith('!') && !banned.has(word)))], banned };
}
