import { deflateSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { borrowed, nameOf } from '../../test/packs/make-pack.ts';
import { makeTemporaryFolder, type TemporaryFolder } from '../../test/repositories/temporary-folder.ts';
import type { ObjectId } from '../core/object-id.ts';
import { openObjectStore } from './object-store.ts';

let folder: TemporaryFolder;
beforeAll(async () => {
  folder = await makeTemporaryFolder();
});
afterAll(async () => {
  await folder[Symbol.asyncDispose]();
});

describe('damaged loose objects', () => {
  const looseOf = (head: string, content: Uint8Array): Buffer =>
    deflateSync(Buffer.concat([Buffer.from(head), content]));
  const hello = Buffer.from('hello');
  const helloOid = nameOf('blob', hello) as ObjectId;
  test.each([
    ['another name', looseOf('blob 5\0', Buffer.from('world'))],
    ['another type', looseOf('tree 5\0', hello)],
    ['no type', looseOf('thing 5\0', hello)],
    ['a size that is too small', looseOf('blob 4\0', hello)],
    ['a size that is too large', looseOf('blob 6\0', hello)],
    ['a size with a zero in front', looseOf('blob 05\0', hello)],
    ['no header', deflateSync(Buffer.alloc(1000, 'x'))],
    ['nothing in it', deflateSync(Buffer.alloc(0))],
    ['bytes behind it', Buffer.concat([looseOf('blob 5\0', hello), Buffer.from('x')])],
    ['a cut', looseOf('blob 5\0', hello).subarray(0, -2)],
    ['damage', Buffer.from('not compressed at all')],
    ['more than it states, by far', looseOf('blob 5\0', Buffer.alloc(50_000_000))],
  ])('a loose object with %s is GM_CORRUPT', async (_name, file) => {
    for (const step of [1e9, 7]) {
      if (step === 7 && file.length > 1000) continue;
      const store = openObjectStore({ dir: folder.path, format: 'sha1' });
      await expect(store.addLoose(helloOid, borrowed(file, step))).rejects.toMatchObject({
        code: 'GM_CORRUPT',
        details: { oid: helloOid },
      });
      expect([store.count, store.bytes]).toEqual([0, 0]);
      await store.close();
    }
  });
});
