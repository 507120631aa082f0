import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { ObjectId } from '../../core/object-id.ts';
import { refDigest } from './ref-digest.ts';

const one = '1'.repeat(40) as ObjectId;
const two = '2'.repeat(40) as ObjectId;
const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

describe('refDigest', () => {
  it('is the hash of the sorted lines and of HEAD', () => {
    const refs = [
      { name: 'refs/heads/main', oid: one },
      { name: 'refs/tags/v1', oid: two },
    ];
    expect(refDigest(refs, 'refs/heads/main')).toBe(
      sha256(`${one} refs/heads/main\n${two} refs/tags/v1\nHEAD refs/heads/main\n`),
    );
    expect(refDigest(refs, undefined)).toBe(sha256(`${one} refs/heads/main\n${two} refs/tags/v1\n`));
  });

  it('leaves out HEAD as a ref, and what states the refs', () => {
    const refs = [
      { name: 'HEAD', oid: one },
      { name: 'refs/heads/main', oid: one },
      { name: 'refs/pushes/7', oid: two },
    ];
    expect(refDigest(refs, undefined)).toBe(sha256(`${one} refs/heads/main\n`));
  });

  it('is the same however many refs are hashed at once', () => {
    const refs = Array.from({ length: 5000 }, (_, index) => ({
      name: `refs/heads/${String(index).padStart(5, '0')}-ä`,
      oid: one,
    }));
    expect(refDigest(refs, undefined)).toBe(sha256(refs.map(({ name, oid }) => `${oid} ${name}\n`).join('')));
  });

  it('hashes the very bytes of a name that is no UTF-8', () => {
    const lines = Buffer.concat([Buffer.from(`${one} refs/heads/`), Buffer.of(0xff), Buffer.from('\n')]);
    expect(refDigest([{ name: 'refs/heads/\udcff', oid: one }], undefined)).toBe(
      createHash('sha256').update(lines).digest('hex'),
    );
  });
});
