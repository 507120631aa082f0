/** Copies up to this length are made in steps of 16 bytes here; the call into the engine is worth it above. */
const shortCopyBytes: usize = 128;

/**
 * Copies `length` bytes. `slack` bytes more may be read behind the source and overwritten behind the target; source and
 * target may not overlap within 16 bytes.
 */
export function copyBytes(target: usize, source: usize, length: usize, slack: usize): void {
  if (length > shortCopyBytes) {
    memory.copy(target, source, length);
    return;
  }
  if (slack >= 15) {
    for (let at: usize = 0; at < length; at += 16) v128.store(target + at, v128.load(source + at));
    return;
  }
  let at: usize = 0;
  for (; at + 8 <= length; at += 8) store<u64>(target + at, load<u64>(source + at));
  for (; at < length; at++) store<u8>(target + at, load<u8>(source + at));
}
