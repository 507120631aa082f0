import { spawnSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { manualFile, manualText } from './write-manual.ts';

test('the manual page is what `node scripts/write-manual.ts` writes', async () => {
  expect(await readFile(manualFile, 'utf8')).toBe(manualText());
});

test('the manual page names every flag once and begins no line by accident', () => {
  const text = manualText();
  expect(text).toContain('\\fB\\-\\-target\\-max\\-pack\\-bytes\\fR \\fIsize\\fR');
  const macros = text.split('\n').filter((line) => /^[.']/.test(line));
  expect(macros.filter((line) => !/^\.(?:TH|SH|SS|TP|IP|ad|br|nh)\b/.test(line))).toEqual([]);
  // roff itself has the last word wherever it is installed.
  const formatter = 'groff';
  const groff = spawnSync(formatter, ['-man', '-Tutf8', '-ww', '-z', fileURLToPath(manualFile)], { encoding: 'utf8' });
  if (groff.error === undefined) expect([groff.status, groff.stderr]).toEqual([0, '']);
});
