import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { gitVersions } from '../../../test/git-versions.ts';
import { parseConfigBoolean, parseConfigInteger } from './config-number.ts';

const newestGit = gitVersions().at(-1)?.program ?? 'git';

const texts = [
  ...[
    '0',
    '1',
    '-1',
    '+7',
    ' 12',
    '12 ',
    '1k',
    '1K',
    '3m',
    '2G',
    '1t',
    '1kb',
    '010',
    '08',
    '0x1F',
    '0X1fk',
    '0x',
    '0xg',
  ],
  ...['2147483647', '2147483648', '-2147483648', '-2147483649', '2g', '9223372036854775807', '9223372036854775808'],
  ...[
    '-9223372036854775808',
    '-9223372036854775809',
    '8589934591g',
    '8589934592g',
    '99999999999999999999',
    'k',
    '-',
    '+',
  ],
  ...['true', 'TRUE', 'Yes', 'oN', 'false', 'no', 'OFF', 'truee', '', ' true', 'maybe', '1.5', '1e3', '--1', '٣'],
] as const;

function askGit(type: string, text: string): string {
  const result = spawnSync(newestGit, ['-c', `a.b=${text}`, 'config', `--type=${type}`, '--get', 'a.b']);
  return result.status === 0 ? result.stdout.toString().trim() : result.stderr.toString().trim();
}

describe('numbers and booleans of the configuration', () => {
  it('are read, and refused, as git does', () => {
    for (const text of texts) {
      const number = parseConfigInteger(text, 'int64');
      const said = askGit('int', text);
      if ('value' in number) expect([text, String(BigInt(said))]).toEqual([text, String(rounded(number.value, said))]);
      else expect(said).toContain(`bad numeric config value '${text}' for 'a.b'`);
      if ('problem' in number) expect(said).toContain(number.problem);
      const boolean = parseConfigBoolean(text);
      const expected = boolean === undefined ? `bad boolean config value '${text}' for 'a.b'` : String(boolean);
      expect(askGit('bool', text)).toContain(expected);
    }
  });

  it('fit into the type that git holds them in', () => {
    expect(parseConfigInteger('2g', 'int')).toEqual({ problem: 'out of range' });
    expect(parseConfigInteger('2g', 'unsigned long')).toEqual({ value: 2 ** 31 });
    expect(parseConfigInteger('-1', 'unsigned long')).toEqual({ problem: 'invalid unit' });
    expect(parseConfigInteger('-1', 'int')).toEqual({ value: -1 });
    expect(parseConfigBoolean(undefined)).toBe(true);
  });
});

/** Beyond 2^53 a number cannot say all of what git says. */
function rounded(value: number, said: string): bigint {
  return Number.isSafeInteger(value) || BigInt(value) !== BigInt(Number(said)) ? BigInt(value) : BigInt(said);
}
