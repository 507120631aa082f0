import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { gitVersions } from '../../../test/git-versions.ts';
import { makeTemporaryFolder } from '../../../test/repositories/temporary-folder.ts';
import { decodeRawText } from '../../core/raw-text.ts';
import { parseConfig } from './parse-config.ts';

const newestGit = gitVersions().at(-1)?.program ?? 'git';

/** What git says of a file: its variables, or the line it complains about. */
function askGit(path: string): unknown {
  const result = spawnSync(newestGit, ['config', '--file', path, '--list', '-z']);
  if (result.status !== 0) {
    const [, line] = /bad config line (\d+) in file/.exec(result.stderr.toString()) ?? [];
    return { badLine: Number(line) };
  }
  return { variables: decodeRawText(result.stdout).split('\0').slice(0, -1) };
}

function askUs(bytes: Uint8Array): unknown {
  const { variables, badLine } = parseConfig(bytes);
  if (badLine !== undefined) return { badLine };
  return { variables: variables.map(({ key, value }) => (value === undefined ? key : `${key}\n${value}`)) };
}

const pieces = [
  ...[
    '[core]',
    '[Core "Sub.Sec\\"tion\\\\x"]',
    '[a.B.c]',
    '[remote "x y"]',
    '["x"]',
    '[ "x"]',
    '[a "b" ]',
    '[]',
    '[a',
    '[x "\n',
  ],
  ...['key', 'Key-1', '1key', 'ключ', 'k_y', ' ', '\t', '\n', '\r\n', '\r', '\\\n', '\\\r\n', '\v', '\0', '\ufeff'],
  ...[
    '=',
    ' = ',
    '"',
    '\\"',
    '\\\\',
    '\\n',
    '\\t',
    '\\b',
    '\\q',
    '#',
    ';',
    '# comment\n',
    'a  b\t c',
    '  ',
    'value',
    'zähl',
    '\n\n',
  ],
  ...['[core]\n\tname = value\n', 'flag\n', 'other = "quoted # ; " tail ; comment\n', 'empty =\n'],
] as const;

const nastyText = fc.array(fc.constantFrom(...pieces), { maxLength: 14 }).map((parts) => parts.join(''));

describe('parsing configuration', () => {
  it('takes apart what git takes apart, and stops at the line where git does', { timeout: 120_000 }, async () => {
    await using folder = await makeTemporaryFolder();
    const path = join(folder.path, 'config');
    const check = (bytes: Uint8Array): void => {
      writeFileSync(path, bytes);
      expect(askUs(bytes)).toEqual(askGit(path));
    };
    check(Buffer.from([0x5b, 0x61, 0x5d, 0x0a, 0x78, 0x3d, 0xff, 0xfe, 0x0a]));
    check(Buffer.from('\ufeff[a]\nb = c'));
    check(Buffer.from([0xef, 0xbb, 0x5b, 0x61, 0x5d]));
    check(Buffer.from('[a]\nb = "x ; y" z ; w\n[a "é"]b=\\\n  c  \n[x]\n\ty'));
    fc.assert(
      fc.property(nastyText, (text) => {
        check(Buffer.from(text));
      }),
      { numRuns: 200 },
    );
  });

  it('keeps a value as it was meant', () => {
    const value = (text: string): unknown => parseConfig(Buffer.from(`[a]\nb = ${text}\n`)).variables[0]?.value;
    expect(value('one  two\tthree   ')).toBe('one  two\tthree');
    expect(value('" lead" tail ; no')).toBe(' lead tail');
    expect(value('a\\\n   b')).toBe('a   b');
    expect(value('"x\\ty\\nz\\\\"')).toBe('x\ty\nz\\');
    expect(value('')).toBe('');
  });

  it('takes time and room in proportion to the size of the file', () => {
    const start = performance.now();
    const large = `[a "${'x'.repeat(1_000_000)}"]\nb = ${'y '.repeat(500_000)}\n[a]\n${'c = d\n'.repeat(100_000)}`;
    expect(parseConfig(Buffer.from(large)).variables).toHaveLength(100_001);
    const repeated = `[a "${'x'.repeat(1_000_000)}"]\n${'c\n'.repeat(100_000)}`;
    expect(() => parseConfig(Buffer.from(repeated))).toThrow(expect.objectContaining({ code: 'GM_LIMIT' }));
    expect(performance.now() - start).toBeLessThan(10_000);
  });
});
