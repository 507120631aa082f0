const int32Bits = 32;
const maxUnsigned = 2n ** 64n - 1n;

/** An integer as C's `strtol` reads it with base 0: blanks, sign, `0x`, octal. Undefined unless it is all of `text`. */
function parseCInteger(text: string): bigint | undefined {
  const [, sign, digits] = /^[ \t\n\v\f\r]*([-+]?)(0x[0-9a-f]+|0[0-7]*|[1-9][0-9]*)$/i.exec(text) ?? [];
  if (digits === undefined) return undefined;
  const value = BigInt(/^0[0-7]/.test(digits) ? `0o${digits.slice(1)}` : digits);
  return sign === '-' ? -value : value;
}

/** As git reads the number of `deepen`: too large ones end at those of a long, of which an int is taken. */
export function parseCInt(text: string): number | undefined {
  const value = parseCInteger(text);
  if (value === undefined) return undefined;
  const long = value > 2n ** 63n - 1n ? 2n ** 63n - 1n : value < -(2n ** 63n) ? -(2n ** 63n) : value;
  return Number(BigInt.asIntN(int32Bits, long));
}

/** As git reads the time of `deepen-since`, in seconds since 1970; undefined also for the one that git takes as none. */
export function parseCTimestamp(text: string): number | undefined {
  const value = parseCInteger(text);
  if (value === undefined) return undefined;
  const time = value > maxUnsigned ? maxUnsigned : BigInt.asUintN(64, value);
  return time === maxUnsigned ? undefined : Number(time);
}
