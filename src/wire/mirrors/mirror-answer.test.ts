import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fractions } from '../../../test/wire/arbitraries.ts';
import { decodeMessage, feedings, packetsIn, pktLines } from '../../../test/wire/chunking.ts';
import { mirrorAnswer } from '../../../test/wire/mirror-arbitraries.ts';
import { isGitMirrorError } from '../../core/error.ts';
import { PacketWriter } from '../pkt-line.ts';
import { encodeMirrorAnswer, MirrorAnswerDecoder } from './mirror-answer.ts';
import { mirrorLimits } from './mirror-limits.ts';
import type { MirrorAnswer } from './mirror-list.ts';

const digest = 'ab'.repeat(32);

function read(...lines: string[]): MirrorAnswer {
  return decodeMessage(new MirrorAnswerDecoder(), [pktLines(...lines, '0000')]);
}

function bytesOf(answer: MirrorAnswer): Uint8Array {
  const writer = new PacketWriter();
  for (const line of encodeMirrorAnswer(answer)) writer.line(line);
  return writer.flush().finish();
}

describe('M5: the answer to mirrors', () => {
  it('reads back what was encoded, however it is cut', () => {
    fc.assert(
      fc.property(mirrorAnswer, fractions, (answer, cuts) => {
        for (const chunks of feedings(bytesOf(answer), cuts)) {
          expect(decodeMessage(new MirrorAnswerDecoder(), chunks)).toEqual(answer);
        }
      }),
    );
  });

  it('is written as the protocol says', () => {
    const lines = encodeMirrorAnswer({
      kind: 'list',
      list: {
        canonical: ['https://origin.example/x.git'],
        prefer: 'always',
        mirrors: [
          { url: 'https://a.example/x.git', ttlSeconds: 60, state: 'current', digest, region: 'DE-BY', stratum: 1 },
          { url: 'git://b.example/x.git' },
        ],
        more: { count: 3, cursor: 'c1' },
      },
    });
    expect([...lines]).toEqual([
      'canonical https://origin.example/x.git',
      'prefer-mirrors always',
      `mirror https://a.example/x.git ttl=60 state=current digest=${digest} region=DE-BY stratum=1`,
      'mirror git://b.example/x.git',
      'more 3 c1',
    ]);
  });

  it('writes no URL that would make two of one line', () => {
    const list = {
      canonical: ['https://a/\nmirror x'],
      prefer: 'now',
      mirrors: [{ url: 'https://b/ state=current' }],
    } as const;
    expect([...encodeMirrorAnswer({ kind: 'list', list })]).toEqual(['prefer-mirrors now']);
    expect([...encodeMirrorAnswer({ kind: 'not-found', valid: ['https://c/\r', 'https://d/'] })]).toEqual([
      'not-found',
      'valid https://d/',
    ]);
  });

  it('passes over lines and attributes that it does not know, or that make no sense', () => {
    expect(
      read(
        'weather fine',
        'mirror https://a/ ttl=-1 state=best digest=x region=de stratum=1e9 colour=red =',
        'mirror',
        'mirror ',
        `mirror https://${'x'.repeat(mirrorLimits.maxUrlLength)}/`,
        'mirror https://ä/',
        'prefer-mirrors often',
        'more 0 c',
        'more 1',
        'canonical',
      ),
    ).toEqual({ kind: 'list', list: { canonical: [], prefer: 'now', mirrors: [{ url: 'https://a/' }] } });
  });

  it('keeps no more than it may, and reads no more than it may', () => {
    const answer = read(...Array.from({ length: mirrorLimits.maxLines }, (_, index) => `mirror https://m${index}/`));
    expect(answer.kind === 'list' && answer.list.mirrors.length).toBe(mirrorLimits.maxKept);
    const tooMany = Array.from({ length: mirrorLimits.maxLines + 1 }, () => 'x');
    expect(() => read(...tooMany)).toThrow(/more than 10000 entries/);
  });

  it.each([
    ['an error packet', ['ERR no such command', '0000'], /the remote says: no such command/],
    ['a delimiter', ['0001', '0000'], /delim packet has no place/],
  ])('refuses %s', (_what, lines, message) => {
    expect(() => decodeMessage(new MirrorAnswerDecoder(), [pktLines(...lines)])).toThrow(message);
  });

  it('is not whole without its flush', () => {
    const decoder = new MirrorAnswerDecoder();
    decoder.push(packetsIn([pktLines('not-found')])[0] ?? { type: 'flush' });
    expect(() => decoder.result()).toThrow(/ended early/);
  });

  it('makes an answer or an error of any change to one', () => {
    fc.assert(
      fc.property(mirrorAnswer, fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 8 }), (answer, changes) => {
        const bytes = bytesOf(answer);
        for (const [at, value] of changes) bytes[at % bytes.length] = value;
        try {
          const decoder = new MirrorAnswerDecoder();
          if (!packetsIn([bytes]).some((packet) => decoder.push(packet))) return;
          const read = decoder.result();
          // What was kept is well-formed: it can be said again.
          expect(decodeMessage(new MirrorAnswerDecoder(), [bytesOf(read)])).toEqual(read);
        } catch (error) {
          if (!isGitMirrorError(error)) throw error;
        }
      }),
    );
  });
});
