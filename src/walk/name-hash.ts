/** Git's name hash (pack.useNameHash…, version 1) of a path, its bytes as latin1: alike ends of paths give near numbers. */
export function nameHashOf(path: string): number {
  let hash = 0;
  for (let index = 0; index < path.length; index++) {
    const byte = path.charCodeAt(index);
    if (byte === 0x20 || (byte >= 0x09 && byte <= 0x0d)) continue;
    hash = ((hash >>> 2) + (byte << 24)) >>> 0;
  }
  return hash;
}
