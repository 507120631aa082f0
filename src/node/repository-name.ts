const maxBaseLength = 100;
const fallbackBase = 'repository';

/**
 * The name under which a copy of `upstream` (a URL or path) is served: the last part of its path that says something,
 * made of letters, digits, `.`, `_` and `-` only, with `.git` at the end. `taken` are names in use; a name that differs
 * from one of them in nothing but case counts as taken, since file systems may not tell them apart.
 */
export function chooseRepositoryName(upstream: string, taken: Iterable<string>): string {
  const used = new Set([...taken].map((name) => name.toLowerCase()));
  const base = baseName(upstream);
  for (let number = 1; ; number += 1) {
    const name = number === 1 ? `${base}.git` : `${base}-${number}.git`;
    if (!used.has(name.toLowerCase())) return name;
  }
}

function baseName(upstream: string): string {
  const path = upstream.replace(/[?#].*$/s, '').replace(/^[a-z][a-z0-9+.-]*:\/\/[^/]*/i, '');
  for (const part of path.split(/[/\\:]/).reverse()) {
    const base = sanitise(part);
    if (base !== '') return base;
  }
  return fallbackBase;
}

/** Empty for a part that names nothing by itself: `.git`, `..`, or one with no letter or digit. */
function sanitise(part: string): string {
  const base = part
    .replace(/\.git$/i, '')
    .replace(/[^\w.-]+/g, '-')
    .replace(/\.{2,}/g, '.')
    .replace(/^[.-]+|[.-]+$/g, '')
    .slice(0, maxBaseLength)
    .replace(/[.-]+$/, '');
  return /[a-z0-9]/i.test(base) ? base : '';
}
