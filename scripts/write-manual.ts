/**
 * Writes the manual page, man/man1/git-mirror.1, from the commands and flags themselves. Where bin/ is on the PATH,
 * man(1) finds it, and so does `git mirror --help`. With `--check` it writes nothing and fails when the page is stale.
 */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { describeTree } from '../src/cli/output/command-tree.ts';
import { manualPage } from '../src/cli/output/manual-page.ts';
import { buildProgram, commandSpecs } from '../src/cli/program.ts';

/** Where the page is. */
export const manualFile = new URL('../man/man1/git-mirror.1', import.meta.url);

/** The text the page should have. */
export function manualText(): string {
  return manualPage(commandSpecs, describeTree(buildProgram(() => Promise.resolve())));
}

async function main(isCheck: boolean): Promise<void> {
  if (isCheck) {
    const current = await readFile(manualFile, 'utf8').catch(() => '');
    if (current !== manualText())
      throw new Error('man/man1/git-mirror.1 is stale. Run `node scripts/write-manual.ts`.');
    return;
  }
  await mkdir(new URL('.', manualFile), { recursive: true });
  await writeFile(manualFile, manualText());
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main(process.argv.includes('--check'));
