import { expect, test } from 'vitest';
import { staleSchemaFiles } from './write-schema.ts';

test('the schema files are what `node scripts/write-schema.ts` writes', async () => {
  expect(await staleSchemaFiles()).toEqual([]);
});
