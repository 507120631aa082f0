/** An instruction of a delta, by what it does. */
export type DeltaInstruction = { readonly insert: Uint8Array } | { readonly from: number; readonly size: number };

/** A size as it stands in front of a delta's instructions. */
export function encodeVarint(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  while (rest >= 128) {
    bytes.push((rest % 128) | 0x80);
    rest = Math.floor(rest / 128);
  }
  return [...bytes, rest];
}

/** The delta that has these instructions, written byte by byte as gitformat-pack says, and what it makes of `base`. */
export function encodeDelta(
  base: Uint8Array,
  instructions: readonly DeltaInstruction[],
): { readonly delta: Buffer; readonly result: Buffer } {
  const bytes: number[] = [];
  const result: Uint8Array[] = [];
  for (const instruction of instructions) {
    if ('insert' in instruction) {
      bytes.push(instruction.insert.length, ...instruction.insert);
      result.push(instruction.insert);
      continue;
    }
    const { from, size } = instruction;
    const parts = [from, from >>> 8, from >>> 16, from >>> 24, size, size >>> 8, size >>> 16];
    // 65536 is said by leaving the size out.
    const sent = parts.map((part, index) => (size === 0x10000 && index > 3 ? 0 : part & 0xff));
    bytes.push(sent.reduce((flags, part, bit) => flags | (part === 0 ? 0 : 1 << bit), 0x80));
    bytes.push(...sent.filter((part) => part !== 0));
    result.push(base.subarray(from, from + size));
  }
  const whole = Buffer.concat(result);
  return { delta: Buffer.from([...encodeVarint(base.length), ...encodeVarint(whole.length), ...bytes]), result: whole };
}
