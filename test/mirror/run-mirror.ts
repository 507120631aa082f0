/**
 * Runs `git mirror …` many times in one process, since starting one takes longer than a fetch: reads lines of JSON, each an
 * array of a folder and words, and writes an empty line and a separator to both streams behind each run.
 */
import { stdin, stdout, stderr } from 'node:process';
import { text } from 'node:stream/consumers';
import { openProcessHost } from '../../src/cli/process-host.ts';
import { run } from '../../src/cli/run.ts';

/** Behind the output of one run; on standard output, its status follows. */
export const separator = '\n--- end of run ';

if (import.meta.main) {
  const host = openProcessHost();
  for (const line of (await text(stdin)).split('\n')) {
    if (line === '') continue;
    const [folder = '', ...words] = JSON.parse(line) as readonly string[];
    process.chdir(folder);
    const status = await run(words, host);
    stdout.write(`${separator}${String(status)}\n`);
    stderr.write(`${separator}\n`);
  }
}
