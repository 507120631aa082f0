import { execFile } from 'node:child_process';
import { copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';

const root = join(import.meta.dirname, '..');

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'git-mirror-layering-'));
  for (const name of ['.dependency-cruiser.mjs', 'tsconfig.json']) await copyFile(join(root, name), join(dir, name));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

/** What the layering check says of a tree with these files. */
async function cruise(files: Readonly<Record<string, string>>): Promise<{ status: number; output: string }> {
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(dir, path)), { recursive: true });
    await writeFile(join(dir, path), text);
  }
  const env = { ...process.env, PATH: [join(root, 'node_modules', '.bin'), process.env['PATH'] ?? ''].join(delimiter) };
  return new Promise((resolve) => {
    execFile(
      'depcruise',
      ['src', '--config', '.dependency-cruiser.mjs'],
      { cwd: dir, env },
      (error, stdout, stderr) => {
        resolve({ status: error === null ? 0 : Number(error.code), output: stdout + stderr });
      },
    );
  });
}

const core = { 'src/core/low.ts': 'export const low = 1;\n' };

test('a tree in order passes', async () => {
  const result = await cruise({
    ...core,
    'src/sync/high.ts': "import { low } from '../core/low.ts';\nexport const high = low;\n",
  });
  expect(result.status).toBe(0);
});

test.each([
  [
    'a lower layer that imports a higher one, be it only a type',
    'layer-core',
    {
      'src/core/low.ts': "import type { High } from '../sync/high.ts';\nexport const low: High = 1;\n",
      'src/sync/high.ts': 'export type High = number;\n',
    },
  ],
  [
    'folders of one rank that import each other',
    'layer-wire',
    {
      'src/wire/a.ts': "import { b } from '../objects/b.ts';\nexport const a = b;\n",
      'src/objects/b.ts': 'export const b = 1;\n',
    },
  ],
  [
    'a circle',
    'no-circular',
    {
      'src/core/a.ts': "import { b } from './b.ts';\nexport const a = () => b;\n",
      'src/core/b.ts': "import { a } from './a.ts';\nexport const b = () => a;\n",
    },
  ],
  [
    'a folder without a rank',
    'known-folders-only',
    {
      'src/server/a.ts': "import { b } from '../misc/b.ts';\nexport const a = b;\n",
      'src/misc/b.ts': 'export const b = 1;\n',
    },
  ],
  [
    'a codec that reads files',
    'wire-does-no-io',
    { 'src/wire/a.ts': "import { readFileSync } from 'node:fs';\nexport const a = readFileSync;\n" },
  ],
  [
    'shipped code that imports a test',
    'production-imports-no-test',
    {
      'src/core/a.ts': "import { b } from './b.test.ts';\nexport const a = b;\n",
      'src/core/b.test.ts': 'export const b = 1;\n',
    },
  ],
])('%s fails the check', async (_what, rule, files) => {
  const result = await cruise({ ...core, ...files });
  expect(result.status).toBeGreaterThan(0);
  expect(result.output).toContain(rule);
});
