import { readFile } from 'node:fs/promises';
import { beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { errorMeanings } from '../core/error.ts';
import { resultSchemas } from '../sync/result-schema.ts';
import { describeTree, type FlagDescription } from './output/command-tree.ts';
import { buildProgram } from './program.ts';

const tree = describeTree(buildProgram(() => Promise.resolve()));
const flags: readonly FlagDescription[] = [...tree.flags, ...tree.commands.flatMap((command) => command.flags)];
const documents = new Map<string, string>();

beforeAll(async () => {
  for (const name of ['usage', 'json', 'errors']) {
    documents.set(name, await readFile(new URL(`../../docs/${name}.md`, import.meta.url), 'utf8'));
  }
});

function documentNamed(name: string): string {
  return documents.get(name) ?? '';
}

/** Lines of the tables of a document, each as its cells. */
function rowsOf(name: string): readonly (readonly string[])[] {
  const lines = documentNamed(name).split('\n');
  return lines.filter((line) => line.startsWith('|')).map((line) => line.split('|').map((cell) => cell.trim()));
}

describe('docs/usage.md', () => {
  test('has every command', () => {
    for (const { name } of tree.commands) expect(documentNamed('usage')).toContain(`\`git mirror ${name}`);
  });

  test.each([...new Map(flags.map((flag) => [flag.long, flag])).values()])('has $long', (flag) => {
    const { long, short, value, environment, choices } = flag;
    const written = value === undefined ? `\`${long}\`` : `\`${long} <${value}>\``;
    expect(documentNamed('usage')).toContain(written);
    if (short !== undefined) expect(documentNamed('usage')).toContain(`\`${short}\``);
    if (environment === undefined) return;
    const row = rowsOf('usage').find((cells) => cells[1]?.includes(written));
    expect(row?.[2]).toBe(`\`${environment}\``);
    for (const choice of choices) expect(row?.join(' ')).toContain(`\`${choice}\``);
  });

  test('has no flag and no variable that does not exist', () => {
    const known = new Set(flags.flatMap(({ long }) => [long]));
    const words = documentNamed('usage').match(/(?<![\w-])--[a-z][a-z-]*/g) ?? [];
    expect(words.filter((word) => !known.has(word))).toEqual([]);
    const variables = new Set([...flags.flatMap(({ environment }) => environment ?? []), 'GIT_MIRROR_TRACE_PACKET']);
    const used = documentNamed('usage').match(/GIT_MIRROR_[A-Z_]*[A-Z]/g) ?? [];
    expect(used.filter((name) => !variables.has(name) && name !== 'GIT_MIRROR_')).toEqual([]);
  });
});

test('docs/json.md has every field of every document', () => {
  const fields = new Set<string>();
  const collect = (node: unknown): void => {
    if (typeof node !== 'object' || node === null) return;
    for (const [key, child] of Object.entries(node)) {
      if (key === 'properties') for (const field of Object.keys(child as object)) fields.add(field);
      collect(child);
    }
  };
  for (const schema of Object.values(resultSchemas)) collect(z.toJSONSchema(schema, { io: 'input' }));
  expect(fields.size).toBeGreaterThan(40);
  for (const field of fields) {
    if (field !== 'error') expect(documentNamed('json')).toContain(`\`${field}\``);
  }
});

test('docs/errors.md has every code with its exit status and whether to try again', () => {
  const rows = rowsOf('errors').filter((cells) => cells[1]?.startsWith('`GM_'));
  expect(rows.map((cells) => cells.slice(1, 4))).toEqual(
    Object.entries(errorMeanings).map(([code, { exitStatus, retryable }]) => [
      `\`${code}\``,
      String(exitStatus),
      retryable ? 'yes' : 'no',
    ]),
  );
});
