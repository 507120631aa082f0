import type { Action } from '../../sync/result.ts';
import type { OutputStream } from '../host.ts';

/** Puts colours around text, or not. */
export type Paint = (style: StyleName, text: string) => string;

const codes = {
  bold: [1, 22],
  dim: [2, 22],
  red: [31, 39],
  green: [32, 39],
  yellow: [33, 39],
  cyan: [36, 39],
} as const;

/** Name of a colour or weight. */
export type StyleName = keyof typeof codes;

/** Leaves text alone. */
export const noPaint: Paint = (_style, text) => text;

/** Wraps text in the escape sequences of ECMA-48. */
export const colourPaint: Paint = (style, text) => {
  const [on, off] = codes[style];
  return text === '' ? '' : `\u001b[${on}m${text}\u001b[${off}m`;
};

/**
 * Whether colours are wanted on `stream`: the flag decides, then NO_COLOR (any value, no-color.org), then FORCE_COLOR,
 * then whether it is a terminal that knows them.
 */
export function wantsColour(stream: OutputStream, env: NodeJS.ProcessEnv, flag: boolean | undefined): boolean {
  if (flag !== undefined) return flag;
  if (env['NO_COLOR'] !== undefined && env['NO_COLOR'] !== '') return false;
  const forced = env['FORCE_COLOR'];
  if (forced !== undefined && forced !== '') return forced !== '0' && forced !== 'false';
  return stream.isTTY === true && env['TERM'] !== 'dumb';
}

/** Colour of each action in a table. */
export const actionStyles: Readonly<Record<Action, StyleName>> = {
  create: 'green',
  update: 'cyan',
  delete: 'red',
  skip: 'dim',
  block: 'red',
  warn: 'yellow',
};
