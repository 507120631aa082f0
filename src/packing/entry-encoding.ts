/** Longest header that {@link encodeEntrySize} and {@link encodeBaseDistance} write, and a raw name of sha256. */
export const maxHeaderBytes = 10 + 32;

/**
 * Writes type and inflated size of an entry (gitformat-pack, "pack-*.pack files") to `target` at `at`. Returns where they
 * end. For millions of entries in a row: nothing is allocated.
 */
export function encodeEntrySize(type: number, size: number, target: Uint8Array, at: number): number {
  let byte = (type << 4) | (size % 16);
  let rest = Math.floor(size / 16);
  while (rest > 0) {
    target[at++] = byte | 0x80;
    byte = rest % 128;
    rest = Math.floor(rest / 128);
  }
  target[at++] = byte;
  return at;
}

/** Bytes that {@link encodeEntrySize} takes. */
export function entrySizeLength(size: number): number {
  let length = 1;
  for (let rest = Math.floor(size / 16); rest > 0; rest = Math.floor(rest / 128)) length++;
  return length;
}

/** Writes how far in front of an OFS_DELTA its base begins. Returns where it ends. */
export function encodeBaseDistance(distance: number, target: Uint8Array, at: number): number {
  const end = at + baseDistanceLength(distance);
  let rest = distance;
  let mark = 0;
  for (let index = end - 1; ; index--) {
    target[index] = (rest % 128) | mark;
    mark = 0x80;
    rest = Math.floor(rest / 128) - 1;
    if (rest < 0) return end;
  }
}

/** Bytes that {@link encodeBaseDistance} takes. */
export function baseDistanceLength(distance: number): number {
  let length = 1;
  for (let rest = Math.floor(distance / 128) - 1; rest >= 0; rest = Math.floor(rest / 128) - 1) length++;
  return length;
}
