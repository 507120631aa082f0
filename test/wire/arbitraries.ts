import fc from 'fast-check';
import type { Arbitrary } from 'fast-check';
import type { ObjectFormat, ObjectId } from '../../src/core/object-id.ts';
import { hexLength, isNullOid } from '../../src/core/object-id.ts';
import { isValidRefName } from '../../src/core/ref-name.ts';

export const objectFormat: Arbitrary<ObjectFormat> = fc.constantFrom('sha1', 'sha256');

/** Object names of `format`, the all-zero one excluded. */
export function objectId(format: ObjectFormat): Arbitrary<ObjectId> {
  return fc
    .string({
      unit: fc.integer({ min: 0, max: 15 }).map((digit) => digit.toString(16)),
      minLength: hexLength(format),
      maxLength: hexLength(format),
    })
    .map((hex) => hex as ObjectId)
    .filter((oid) => !isNullOid(oid));
}

/** Legal full ref names, some with characters beyond ASCII. */
export const refName: Arbitrary<string> = fc
  .tuple(fc.constantFrom('heads', 'tags', 'pull/1', 'ä'), fc.string({ minLength: 1, maxLength: 12, unit: 'binary' }))
  .map(([space, rest]) => `refs/${space}/${rest}`)
  .filter((name) => isValidRefName(name) && name.isWellFormed());

/** One capability of a v0 list. */
export const listCapability: Arbitrary<string> = fc
  .tuple(
    fc.stringMatching(/^[a-z][a-z0-9_-]{0,10}$/).filter((name) => name !== 'object-format' && name !== 'symref'),
    fc.option(fc.stringMatching(/^[!-~]{0,12}$/)),
  )
  .map(([name, value]) => (value === null ? name : `${name}=${value}`));

/** Fractions at which a message is cut into chunks. */
export const fractions: Arbitrary<number[]> = fc.array(fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }), {
  maxLength: 12,
});

/** Some text without line ends or NUL, of one line on the wire. */
export const lineText: Arbitrary<string> = fc
  .string({ unit: 'grapheme', maxLength: 30 })
  .filter((text) => text.isWellFormed() && !/[\0\n]/.test(text));
