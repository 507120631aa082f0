import { compileGlob, type Glob } from './glob.ts';

/** Whether a path is part of a sparse checkout; `undecided` when no rule says anything: then its folder decides. */
export type SparseVerdict = 'included' | 'excluded' | 'undecided';

interface SparseRule {
  readonly isNegative: boolean;
  readonly foldersOnly: boolean;
  /** Without a slash in it: the last part of the path is looked at. */
  readonly nameOnly: boolean;
  /** What the text begins with. */
  readonly literal: string;
  /** What the rest of it must match; undefined when the literal is all of it. */
  readonly rest: Glob | undefined;
}

/** As in gitignore(5): the last rule that matches counts. */
export class SparseRules {
  readonly #rules: readonly SparseRule[];

  constructor(rules: readonly SparseRule[]) {
    this.#rules = rules;
  }

  /** @param path - bytes as latin1, without a slash at the end; empty for the root. */
  verdict(path: string, isFolder: boolean): SparseVerdict {
    const name = path.slice(path.lastIndexOf('/') + 1);
    for (let index = this.#rules.length - 1; index >= 0; index--) {
      const rule = this.#rules[index];
      if (rule === undefined || (rule.foldersOnly && !isFolder)) continue;
      if (rule.nameOnly ? matchesText(rule, name) : path !== '' && matchesText(rule, path)) {
        return rule.isNegative ? 'excluded' : 'included';
      }
    }
    return 'undecided';
  }
}

function matchesText(rule: SparseRule, text: string): boolean {
  if (!text.startsWith(rule.literal)) return false;
  return rule.rest === undefined
    ? text.length === rule.literal.length
    : rule.rest.matches(text.slice(rule.literal.length));
}

/** The rules in the content of a blob (git-sparse-checkout(1), "FULL PATTERN SET"); none of cone mode's short cuts. */
export function parseSparseRules(content: Uint8Array): SparseRules {
  let text = Buffer.from(content.buffer, content.byteOffset, content.length).toString('latin1');
  if (text.startsWith('\xef\xbb\xbf')) text = text.slice(3);
  const rules: SparseRule[] = [];
  for (const line of text.split('\n')) {
    if (line === '' || line.startsWith('#')) continue;
    const [visible = ''] = (line.endsWith('\r') ? line.slice(0, -1) : line).split('\0', 1);
    rules.push(parseRule(trimSpaces(visible)));
  }
  return new SparseRules(rules);
}

function parseRule(line: string): SparseRule {
  const isNegative = line.startsWith('!');
  let pattern = isNegative ? line.slice(1) : line;
  const foldersOnly = pattern.endsWith('/');
  if (foldersOnly) pattern = pattern.slice(0, -1);
  const nameOnly = !pattern.includes('/');
  if (pattern.startsWith('/')) pattern = pattern.slice(1);
  const wild = pattern.search(/[*?[\\]/);
  if (wild < 0) return { isNegative, foldersOnly, nameOnly, literal: pattern, rest: undefined };
  // What a name begins with takes part in the glob: only in paths does "**" behind a literal count as if it came first.
  const cut = nameOnly ? 0 : wild;
  return {
    isNegative,
    foldersOnly,
    nameOnly,
    literal: pattern.slice(0, cut),
    rest: compileGlob(pattern.slice(cut)),
  };
}

/** Cuts spaces off the end, but for those behind a backslash. */
function trimSpaces(line: string): string {
  let end = 0;
  for (let at = 0; at < line.length; at++) {
    if (line[at] === '\\') {
      // A backslash that ends the line keeps everything.
      if (at + 1 >= line.length) return line;
      at++;
      end = at + 1;
    } else if (line[at] !== ' ') end = at + 1;
  }
  return line.slice(0, end);
}
