import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { makeTemporaryFolder } from '../../../test/repositories/temporary-folder.ts';
import type { ObjectId } from '../../core/object-id.ts';
import { readPlan, writePlan } from './plan-file.ts';

const oid = 'a'.repeat(40) as ObjectId;
const origin = 'https://user:secret@example.com/p.git';

test('M12: a plan is read as it was written, for its own origin alone, and holds no credentials', async () => {
  await using folder = await makeTemporaryFolder();
  const path = join(folder.path, 'plan.json');
  const parts = [
    { tips: [oid], pack: `pack-${oid}`, from: 'https://mirror.example/p.git' },
    { tips: [oid], pack: 'empty' },
    { tips: ['b'.repeat(64) as ObjectId] },
  ];
  expect(await readPlan(path, origin)).toBeUndefined();
  await writePlan(path, origin, parts);
  expect(await readPlan(path, origin)).toEqual(parts);
  expect(await readPlan(path, 'https://example.com/p.git')).toEqual(parts);
  expect(await readPlan(path, 'https://example.com/q.git')).toBeUndefined();
  expect(await readdir(folder.path)).toEqual(['plan.json']);
});

test.each([
  '',
  'null',
  '{"version":2,"origin":"https://example.com/p.git","parts":[]}',
  '{"version":1,"origin":"https://example.com/p.git","parts":[{"tips":[]}]}',
  '{"version":1,"origin":"https://example.com/p.git","parts":[{"tips":["--upload-pack=x"]}]}',
  `{"version":1,"origin":"https://example.com/p.git","parts":[{"tips":["${oid}"],"pack":"../../pack-${oid}"}]}`,
  `{"version":1,"origin":"https://example.com/p.git","parts":[{"tips":["${oid}"],"pack":"pack-${oid}/.."}]}`,
])('M12: what is no plan is not used: %s', async (content) => {
  await using folder = await makeTemporaryFolder();
  const path = join(folder.path, 'plan.json');
  await writeFile(path, content);
  expect(await readPlan(path, origin)).toBeUndefined();
});

test('M12: whatever a plan file holds is a plan or none', async () => {
  await using folder = await makeTemporaryFolder();
  const path = join(folder.path, 'plan.json');
  const part = fc.record(
    { tips: fc.array(fc.constantFrom(oid, 'x', 1, null)), pack: fc.anything() },
    { requiredKeys: [] },
  );
  const plan = fc.record({
    version: fc.constantFrom(1, 2),
    origin: fc.constant('https://example.com/p.git'),
    parts: fc.array(part),
  });
  await fc.assert(
    fc.asyncProperty(fc.oneof(plan, fc.jsonValue()), async (content) => {
      await writeFile(path, JSON.stringify(content));
      const read = await readPlan(path, origin);
      for (const { tips, pack } of read ?? []) {
        expect(new Set(tips)).toEqual(new Set([oid]));
        if (pack !== undefined) expect(pack).toMatch(/^(?:empty|pack-[0-9a-f]+)$/);
      }
    }),
    { numRuns: 60 },
  );
});
