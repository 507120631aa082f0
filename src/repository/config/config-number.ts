/** The C type a number of the configuration has to fit into. */
export type IntegerRange = 'int' | 'int64' | 'unsigned long';

const bounds: Readonly<Record<IntegerRange, readonly [bigint, bigint]>> = {
  int: [-(2n ** 31n), 2n ** 31n - 1n],
  int64: [-(2n ** 63n), 2n ** 63n - 1n],
  'unsigned long': [0n, 2n ** 64n - 1n],
};

const units: Readonly<Record<string, bigint>> = { '': 1n, k: 1024n, m: 1024n ** 2n, g: 1024n ** 3n };

/** A number, or why a text is none. Beyond 2^53 it is rounded. */
export type ParsedInteger = { readonly value: number } | { readonly problem: 'invalid unit' | 'out of range' };

/**
 * An integer as git reads one: white space and a sign in front, decimal, octal (`0…`) or hexadecimal (`0x…`), then at most
 * one of `k`, `m` and `g` in either case.
 */
export function parseConfigInteger(text: string, range: IntegerRange = 'int64'): ParsedInteger {
  const match = /^[ \t-\r]*([+-]?)(0[xX][0-9a-fA-F]+|0[0-7]*|[1-9][0-9]*)(.*)$/su.exec(text);
  if (match === null) return { problem: 'invalid unit' };
  const [, sign = '', digits = '', unit = ''] = match;
  const factor = units[unit.toLowerCase()];
  if (range === 'unsigned long' && text.includes('-')) return { problem: 'invalid unit' };
  const magnitude = BigInt(/^0[0-7]/.test(digits) ? `0o${digits.slice(1)}` : digits);
  const number = sign === '-' ? -magnitude : magnitude;
  const [low, high] = bounds[range];
  const [parsedLow, parsedHigh] = bounds[range === 'unsigned long' ? range : 'int64'];
  if (number < parsedLow || number > parsedHigh) return { problem: 'out of range' };
  if (factor === undefined) return { problem: 'invalid unit' };
  const value = number * factor;
  return value < low || value > high ? { problem: 'out of range' } : { value: Number(value) };
}

const words: ReadonlyMap<string, boolean> = new Map([
  ['', false],
  ['true', true],
  ['yes', true],
  ['on', true],
  ['false', false],
  ['no', false],
  ['off', false],
]);

/** A boolean as git reads one: a word in any case, or a number. Undefined for anything else. */
export function parseConfigBoolean(text: string | undefined): boolean | undefined {
  if (text === undefined) return true;
  const word = words.get(text.toLowerCase());
  if (word !== undefined) return word;
  const number = parseConfigInteger(text, 'int');
  return 'value' in number ? number.value !== 0 : undefined;
}
