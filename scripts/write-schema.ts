/**
 * Writes the JSON schemas of what `--json` prints to schema/, from the schemas in src/sync/result-schema.ts and beside
 * what they describe.
 * With `--check` it writes nothing and fails when a file is not what it would write.
 */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { rankResultSchema } from '../src/mirror/rank/rank-result-schema.ts';
import { resultSchemas } from '../src/sync/result-schema.ts';

const folder = new URL('../schema/', import.meta.url);

/** Name and text of every schema file. */
export function schemaFiles(): ReadonlyMap<string, string> {
  const files = Object.entries({ ...resultSchemas, 'rank-result': rankResultSchema }).map(([name, schema]) => {
    const { $schema, ...rest } = z.toJSONSchema(schema, {
      // Fields may be added to results: a reader must not refuse those it does not know.
      io: 'input',
      override: ({ jsonSchema }) => {
        delete jsonSchema.readOnly;
        if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum;
      },
    });
    const document = { $schema, $id: `urn:git-mirror:schema:${name}`, ...rest };
    return [`${name}.json`, `${JSON.stringify(document, null, 2)}\n`] as const;
  });
  return new Map(files);
}

/** Names of the files under schema/ that are missing or out of date. */
export async function staleSchemaFiles(): Promise<readonly string[]> {
  const stale: string[] = [];
  for (const [name, text] of schemaFiles()) {
    const current = await readFile(new URL(name, folder), 'utf8').catch(() => '');
    if (current !== text) stale.push(name);
  }
  return stale;
}

async function main(isCheck: boolean): Promise<void> {
  if (isCheck) {
    const stale = await staleSchemaFiles();
    if (stale.length > 0) throw new Error(`Out of date: ${stale.join(', ')}. Run \`node scripts/write-schema.ts\`.`);
    return;
  }
  await mkdir(folder, { recursive: true });
  for (const [name, text] of schemaFiles()) await writeFile(new URL(name, folder), text);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main(process.argv.includes('--check'));
