/**
 * A shell pattern as gitignore(5) uses it, compiled. `*` and `?` do not match a slash, `**` between slashes does.
 * Matching takes time proportional to the lengths of both at most, whatever the pattern: whoever may push a file can
 * have it used as a pattern.
 *
 * Patterns and texts are strings of bytes (latin1).
 */
export interface Glob {
  matches(text: string): boolean;
}

/** One step of a compiled pattern. */
type Step =
  | { readonly kind: 'byte'; readonly byte: number }
  | { readonly kind: 'set'; readonly members: Uint8Array }
  /** Any number of bytes; slashes too when `slashes`. */
  | { readonly kind: 'run'; readonly slashes: boolean }
  /** `**` in front of a slash: nothing at all, slash included, or anything up to and with a slash. */
  | { readonly kind: 'folders' }
  | { readonly kind: 'never' };

const slash = 0x2f;

/** Compiles `pattern`. One that is malformed (a set that does not end) matches nothing. */
export function compileGlob(pattern: string): Glob {
  const steps = parseSteps(pattern);
  return { matches: (text) => matchSteps(steps, text) };
}

function parseSteps(pattern: string): Step[] {
  const steps: Step[] = [];
  let at = 0;
  while (at < pattern.length) {
    const character = pattern[at] ?? '';
    if (character === '\\') {
      if (at + 1 >= pattern.length) return [{ kind: 'never' }];
      steps.push({ kind: 'byte', byte: pattern.charCodeAt(at + 1) });
      at += 2;
    } else if (character === '?') {
      const members = new Uint8Array(256).fill(1);
      members[slash] = 0;
      steps.push({ kind: 'set', members });
      at++;
    } else if (character === '*') {
      let end = at;
      while (pattern[end] === '*') end++;
      at = pushStars(steps, pattern, at, end);
    } else if (character === '[') {
      const set = parseSet(pattern, at);
      if (set === undefined) return [{ kind: 'never' }];
      steps.push({ kind: 'set', members: set.members });
      at = set.end;
    } else {
      steps.push({ kind: 'byte', byte: pattern.charCodeAt(at) });
      at++;
    }
  }
  return steps;
}

/** The stars from `start` to `end`. Returns where the pattern goes on. */
function pushStars(steps: Step[], pattern: string, start: number, end: number): number {
  const opens = start === 0 || pattern[start - 1] === '/';
  const next = pattern[end];
  const closes = next === undefined || next === '/' || (next === '\\' && pattern[end + 1] === '/');
  const crossesSlashes = end - start > 1 && opens && closes;
  if (crossesSlashes && next === '/') {
    steps.push({ kind: 'folders' });
    return end + 1;
  }
  steps.push({ kind: 'run', slashes: crossesSlashes });
  return end;
}

const classes: Readonly<Record<string, RegExp>> = {
  alnum: /[0-9A-Za-z]/,
  alpha: /[A-Za-z]/,
  blank: /[ \t]/,
  cntrl: /[\0-\x1f\x7f]/,
  digit: /[0-9]/,
  graph: /[!-~]/,
  lower: /[a-z]/,
  print: /[ -~]/,
  punct: /[!-/:-@[-`{-~]/,
  space: /[ \t\n\v\f\r]/,
  upper: /[A-Z]/,
  xdigit: /[0-9A-Fa-f]/,
};

/** The set whose bracket is at `start`; undefined when it is malformed. */
function parseSet(pattern: string, start: number): { members: Uint8Array; end: number } | undefined {
  const members = new Uint8Array(256);
  let at = start + 1;
  const isNegated = pattern[at] === '!' || pattern[at] === '^';
  if (isNegated) at++;
  let isFirst = true;
  /** The byte a range may begin at; 0 behind a range or a class. */
  let previous = 0;
  for (; ; at++) {
    const character = pattern[at];
    if (character === undefined) return undefined;
    if (character === ']' && !isFirst) break;
    isFirst = false;
    const following = pattern[at + 1];
    if (character === '-' && previous !== 0 && following !== undefined && following !== ']') {
      at++;
      if (pattern[at] === '\\') at++;
      if (at >= pattern.length) return undefined;
      members.fill(1, previous, Math.max(previous, pattern.charCodeAt(at) + 1));
      previous = 0;
      continue;
    }
    if (character === '[' && following === ':') {
      const close = pattern.indexOf(']', at + 2);
      if (close < 0) return undefined;
      if (close > at + 2 && pattern[close - 1] === ':') {
        const matcher = classes[pattern.slice(at + 2, close - 1)];
        if (matcher === undefined) return undefined;
        for (let byte = 0; byte < 256; byte++) if (matcher.test(String.fromCharCode(byte))) members[byte] = 1;
        at = close;
        previous = 0;
        continue;
      }
    }
    if (character === '\\') at++;
    if (at >= pattern.length) return undefined;
    previous = pattern.charCodeAt(at);
    members[previous] = 1;
  }
  if (isNegated) for (let byte = 0; byte < 256; byte++) members[byte] = members[byte] === 0 ? 1 : 0;
  members[slash] = 0;
  return { members, end: at + 1 };
}

/** Follows all ways through the steps at once: `active[s]` says that step s may be next. */
function matchSteps(steps: readonly Step[], text: string): boolean {
  let active = new Uint8Array(steps.length + 1);
  let next = new Uint8Array(steps.length + 1);
  /** Inside what a `folders` step skips, which ends only behind a slash. */
  let skipping = new Uint8Array(steps.length);
  let nextSkipping = new Uint8Array(steps.length);
  activate(steps, active, skipping, 0);
  for (let at = 0; at < text.length; at++) {
    const byte = text.charCodeAt(at);
    next.fill(0);
    nextSkipping.fill(0);
    for (const [index, step] of steps.entries()) {
      if (skipping[index] === 1) {
        nextSkipping[index] = 1;
        if (byte === slash) activate(steps, next, nextSkipping, index + 1);
      }
      if (active[index] === 0) continue;
      if (step.kind === 'run') {
        if (step.slashes || byte !== slash) activate(steps, next, nextSkipping, index);
      } else if ((step.kind === 'byte' && step.byte === byte) || (step.kind === 'set' && step.members[byte] === 1)) {
        activate(steps, next, nextSkipping, index + 1);
      }
    }
    [active, next] = [next, active];
    [skipping, nextSkipping] = [nextSkipping, skipping];
  }
  return active[steps.length] === 1;
}

/** Makes `index` the next step, and what can be reached from it without a byte. */
function activate(steps: readonly Step[], active: Uint8Array, skipping: Uint8Array, index: number): void {
  let at = index;
  while (active[at] === 0) {
    active[at] = 1;
    const step = steps[at];
    if (step?.kind === 'folders') skipping[at] = 1;
    else if (step?.kind !== 'run') return;
    at++;
  }
}
