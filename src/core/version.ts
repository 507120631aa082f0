import { readFileSync } from 'node:fs';

const packageJson: unknown = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));

/** Version of this package, as in package.json. */
export const version: string =
  typeof packageJson === 'object' && packageJson !== null && 'version' in packageJson
    ? String(packageJson.version)
    : 'unknown';

/** How this software names itself to servers (`User-Agent`, `agent=`). An embedder may put a name in front. */
export function userAgent(prefix?: string): string {
  const own = `git-mirror/${version}`;
  return prefix === undefined || prefix === '' ? own : `${prefix} ${own}`;
}
