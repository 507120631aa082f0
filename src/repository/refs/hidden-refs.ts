import { GitMirrorError } from '../../core/error.ts';
import type { GitConfig } from '../git-config.ts';

interface HidingRule {
  readonly prefix: string;
  readonly hides: boolean;
  /** Whether the name is compared with its namespace in front. */
  readonly isFull: boolean;
}

/** Which refs clients must not see (git-config(1), `transfer.hideRefs` and `uploadpack.hideRefs`). */
export class HiddenRefs {
  /** The last one that matches decides, so that it comes first here. */
  readonly #rules: readonly HidingRule[];

  /** @param patterns - values of the settings, in the order in which they were read */
  constructor(patterns: readonly string[]) {
    this.#rules = patterns.map(parseRule).reverse();
  }

  /** Whether anything may be hidden at all. */
  get isEmpty(): boolean {
    return this.#rules.length === 0;
  }

  /**
   * @param name - the ref as clients see it; undefined for one outside their namespace
   * @param fullName - the ref with the namespace in front
   */
  isHidden(name: string | undefined, fullName: string | undefined = name): boolean {
    for (const { prefix, hides, isFull } of this.#rules) {
      const subject = isFull ? fullName : name;
      if (subject?.startsWith(prefix) === true) {
        if (subject.length === prefix.length || subject.charAt(prefix.length) === '/') return hides;
      }
    }
    return false;
  }
}

/**
 * The rules for fetching.
 *
 * @throws GitMirrorError `GM_CORRUPT`, in git's words, for a key without a value
 */
export function readHiddenRefs(config: GitConfig): HiddenRefs {
  const patterns: string[] = [];
  for (const [key, value] of config.entries('')) {
    if (key !== 'transfer.hiderefs' && key !== 'uploadpack.hiderefs') continue;
    if (value === undefined) throw new GitMirrorError('GM_CORRUPT', `missing value for '${key}'`, { details: { key } });
    patterns.push(value);
  }
  return new HiddenRefs(patterns);
}

/** `!` shows what an earlier rule hides; `^` in front of the name means that with its namespace. */
function parseRule(pattern: string): HidingRule {
  const text = pattern.replace(/\/+$/, '');
  const hides = !text.startsWith('!');
  const name = hides ? text : text.slice(1);
  const isFull = name.startsWith('^');
  return { prefix: isFull ? name.slice(1) : name, hides, isFull };
}
