import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isGitMirrorError } from '../../core/error.ts';
import type { ObjectId } from '../../core/object-id.ts';
import { encodeStatement, isSigner, parseStatement, type RefStatement } from './ref-statement.ts';

const key = `ssh alice@example.com ssh-ed25519 ${'A'.repeat(68)}`;
const signature = '-----BEGIN SSH SIGNATURE-----\nAAAA\n-----END SSH SIGNATURE-----\n';
const tagger = 'A U Thor <author@example.com>';
const hex = (length: number): fc.Arbitrary<string> => fc.stringMatching(new RegExp(`^[0-9a-f]{${String(length)}}$`));

const statements = fc.record({
  repository: fc.webUrl(),
  sequence: fc.integer({ min: 1, max: 1e12 }),
  digest: hex(64),
  issuedAt: fc.integer({ min: 0, max: 1e11 }),
  expiresAt: fc.integer({ min: 0, max: 1e11 }),
  signers: fc.array(fc.constantFrom(key, `openpgp ${'A'.repeat(40)}`), { minLength: 1, maxLength: 5 }),
  previous: fc.option(hex(40) as fc.Arbitrary<ObjectId>, { nil: undefined }),
}) satisfies fc.Arbitrary<RefStatement>;

describe('a statement of refs', () => {
  it('is read as it was written, signed or not', () => {
    fc.assert(
      fc.property(statements, fc.constantFrom('', signature), (statement, end) => {
        expect(parseStatement(encodeStatement(statement, tagger, 'sha1') + end, 'sha1')).toEqual(statement);
      }),
    );
  });

  it('is read as it was written, or refused, whatever is changed in it', () => {
    fc.assert(
      fc.property(statements, fc.nat(), fc.string({ maxLength: 4 }), (statement, place, text) => {
        const whole = encodeStatement(statement, tagger, 'sha1') + signature;
        const at = place % whole.length;
        const changed = whole.slice(0, at) + text + whole.slice(at + 1);
        try {
          const read = parseStatement(changed, 'sha1');
          expect(changed.startsWith(encodeStatement(read, /^tagger (.*) \d+ /m.exec(changed)?.[1] ?? '', 'sha1'))).toBe(
            true,
          );
        } catch (error) {
          expect(isGitMirrorError(error, 'GM_CORRUPT')).toBe(true);
        }
      }),
    );
  });

  it.each([
    ['a line behind the signature', (text: string) => `${text}more\n`],
    ['two signatures', (text: string) => text + signature],
    ['words between', (text: string) => text.replace(signature, `words\n${signature}`)],
    ['no signer', (text: string) => text.replace(/^signer .*\n/m, '')],
    ['another time zone', (text: string) => text.replace('+0000', '+0200')],
    ['an object that is not the previous statement', (text: string) => text.replace('type tree', 'type commit')],
  ])('is refused with %s', (_what, change) => {
    const first: RefStatement = {
      repository: 'https://example.com/app.git',
      sequence: 1,
      digest: '0'.repeat(64),
      issuedAt: 1,
      expiresAt: 2,
      signers: [key],
      previous: undefined,
    };
    const whole = encodeStatement(first, tagger, 'sha1') + signature;
    expect(parseStatement(whole, 'sha1')).toEqual(first);
    expect(() => parseStatement(change(whole), 'sha1')).toThrow(/Reading a statement/);
  });
});

describe('isSigner', () => {
  it.each([key, `openpgp ${'A'.repeat(40)}`, `ssh *@example.com,bob sk-ssh-ed25519@openssh.com ${'A'.repeat(40)}==`])(
    'takes %s',
    (text) => {
      expect(isSigner(text)).toBe(true);
    },
  );

  it.each([
    '',
    'alice',
    'ssh alice ssh-ed25519',
    `ssh a b ssh-ed25519 ${'A'.repeat(40)}`,
    'openpgp 12',
    `${key}\n${key}`,
  ])('refuses %j', (text) => {
    expect(isSigner(text)).toBe(false);
  });
});
