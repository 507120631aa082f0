import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';

/**
 * Installs a Node script as an executable `name` in `folder`, and returns a `PATH` that finds it first. The script gets
 * its arguments in `process.argv.slice(2)`.
 */
export async function installScript(
  folder: string,
  name: string,
  script: string,
): Promise<{ path: string; PATH: string }> {
  await mkdir(folder, { recursive: true });
  const path = join(folder, name);
  await writeFile(`${path}.cjs`, `${script}\n`);
  // The path of Node may hold spaces, which the first line of a script cannot.
  const words = [process.execPath, `${path}.cjs`].map((word) => `'${word.replaceAll("'", "'\\''")}'`);
  await writeFile(path, `#!/bin/sh\nexec ${words.join(' ')} "$@"\n`);
  await chmod(path, 0o755);
  return { path, PATH: `${folder}${delimiter}${process.env['PATH'] ?? ''}` };
}
