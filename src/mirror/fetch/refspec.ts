/** A refspec of git-fetch(1). */
export interface FetchRefspec {
  /** A whole name, or one with one `*`. */
  readonly source: string;
  /** Empty when nothing is to be stored. */
  readonly target: string;
  readonly isPattern: boolean;
  readonly isNegative: boolean;
}

/** Reads one refspec as git-fetch(1) takes it. `tag <name>` is to be written out first. */
export function parseFetchRefspec(text: string): FetchRefspec {
  const isNegative = text.startsWith('^');
  const plain = text.replace(/^[+^]/, '');
  const colon = plain.lastIndexOf(':');
  const source = colon < 0 ? plain : plain.slice(0, colon);
  const target = colon < 0 ? '' : plain.slice(colon + 1);
  return { source: source === '' ? 'HEAD' : source, target, isPattern: source.includes('*'), isNegative };
}

/** What `*` in `pattern` stands for in `name`; undefined when it does not fit. */
function starOf(pattern: string, name: string): string | undefined {
  const star = pattern.indexOf('*');
  const [start, end] = [pattern.slice(0, star), pattern.slice(star + 1)];
  const fits = name.length >= start.length + end.length && name.startsWith(start) && name.endsWith(end);
  return fits ? name.slice(start.length, name.length - end.length) : undefined;
}

/** Whether `name` of the remote is one that the refspec speaks of. */
export function matchesSource({ source, isPattern }: FetchRefspec, name: string): boolean {
  return isPattern ? starOf(source, name) !== undefined : source === name;
}

/** Where `name` of the remote is stored; empty when it is not; undefined when the refspec does not speak of it. */
export function targetOf({ source, target, isPattern }: FetchRefspec, name: string): string | undefined {
  if (!isPattern) return source === name ? target : undefined;
  const star = starOf(source, name);
  return star === undefined ? undefined : target.replace('*', () => star);
}

/** What the remote calls that which the refspec stores as `stored`; undefined when it stores nothing there. */
export function sourceOf({ source, target, isPattern }: FetchRefspec, stored: string): string | undefined {
  if (target === '') return undefined;
  if (!isPattern) return target === stored ? source : undefined;
  const star = starOf(target, stored);
  return star === undefined ? undefined : source.replace('*', () => star);
}
