import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ObjectId } from '../core/object-id.ts';
import { fractions, objectId, refName } from '../../test/wire/arbitraries.ts';
import { decodeMessage, feedings, packetsIn, pktLines } from '../../test/wire/chunking.ts';
import { encodeReportStatus, ReportStatusDecoder } from './report-status.ts';
import type { DecodedReportStatus, RefStatus, ReportStatus } from './report-status.ts';

const a = 'a'.repeat(40) as ObjectId;
const b = 'b'.repeat(40) as ObjectId;

function read(...lines: string[]): DecodedReportStatus {
  return decodeMessage(new ReportStatusDecoder(), [pktLines(...lines)]);
}

describe('report-status', () => {
  const words = fc.constantFrom('non-fast-forward', 'hook declined', 'failed to update ref: ä', 'ok');
  const options = fc
    .record(
      { refName, oldOid: objectId('sha1'), newOid: objectId('sha256'), forcedUpdate: fc.constant<true>(true) },
      { requiredKeys: [] },
    )
    .filter((each) => Object.keys(each).length > 0);
  const status = refName.chain((ref): fc.Arbitrary<RefStatus> =>
    fc.oneof(
      fc.constant({ ref, ok: true }),
      words.map((reason) => ({ ref, ok: false, reason })),
      fc.array(options, { minLength: 1, maxLength: 3 }).map((each) => ({ ref, ok: true, options: each })),
    ),
  );
  const report: fc.Arbitrary<ReportStatus> = fc.record({
    unpack: fc.oneof(
      fc.constant<'ok'>('ok'),
      fc.constantFrom('index-pack abnormal exit', 'bad').map((error) => ({ error })),
    ),
    refs: fc.uniqueArray(status, { selector: ({ ref }) => ref, maxLength: 6 }),
  });

  it('reads back what was encoded, however it is cut', () => {
    fc.assert(
      fc.property(report, fractions, (original, cuts) => {
        for (const chunks of feedings(encodeReportStatus(original), cuts)) {
          const result = decodeMessage(new ReportStatusDecoder(), chunks);
          expect(result).toEqual({ ...original, invalidRefs: [], invalidRefCount: 0 });
        }
      }),
      { numRuns: 60 },
    );
  });

  it('reads the example of gitprotocol-pack', () => {
    expect(read('unpack ok', 'ok refs/heads/debug', 'ng refs/heads/master non-fast-forward', '0000')).toMatchObject({
      unpack: 'ok',
      refs: [
        { ref: 'refs/heads/debug', ok: true },
        { ref: 'refs/heads/master', ok: false, reason: 'non-fast-forward' },
      ],
    });
  });

  it('reads the options of version 2, one group for each ok', () => {
    const { refs } = read(
      'unpack ok',
      'ok refs/for/main',
      'option refname refs/changes/1',
      `option new-oid ${a}`,
      'ok refs/for/main',
      'option refname refs/changes/2',
      `option old-oid ${a}`,
      `option new-oid ${b}`,
      'option forced-update',
      'option unheard-of x',
      '0000',
    );
    expect(refs).toEqual([
      {
        ref: 'refs/for/main',
        ok: true,
        options: [
          { refName: 'refs/changes/1', newOid: a },
          { refName: 'refs/changes/2', oldOid: a, newOid: b, forcedUpdate: true },
        ],
      },
    ]);
  });

  it('believes the worse of two words on one ref', () => {
    for (const lines of [
      ['ok refs/heads/x', 'ng refs/heads/x no'],
      ['ng refs/heads/x no', 'ok refs/heads/x'],
    ]) {
      expect(read('unpack ok', ...lines, '0000').refs).toEqual([{ ref: 'refs/heads/x', ok: false, reason: 'no' }]);
    }
  });

  it('makes reasons printable, and has one where none is given', () => {
    const { unpack, refs } = read(
      'unpack \u001b[31mdisk full\u0007',
      'ng refs/heads/x \u001b]0;title\u0007denied',
      'ng refs/heads/y',
      '0000',
    );
    expect(unpack).toEqual({ error: 'disk full' });
    expect(refs.map(({ reason }) => reason)).toEqual(['denied', 'failed']);
  });

  it('does not take an illegal name for a legal one, nor its options for those of another', () => {
    const result = read(
      'unpack ok',
      'ok refs/heads/x',
      'ok refs/heads/y\u0001',
      'option forced-update',
      'ng refs/heads/z bad',
      'option forced-update',
      '0000',
    );
    expect(result.refs).toEqual([
      { ref: 'refs/heads/x', ok: true },
      { ref: 'refs/heads/z', ok: false, reason: 'bad' },
    ]);
    expect(result).toMatchObject({ invalidRefs: [{ invalid: true, name: 'refs/heads/y' }], invalidRefCount: 1 });
  });

  it.each([
    ['no word on the pack', ['ok refs/heads/x', '0000']],
    ['nothing', ['0000']],
    ['a line that is no status', ['unpack ok', 'hello', '0000']],
    ['a line without ref', ['unpack ok', 'okay refs/heads/x', '0000']],
    ['a delimiter', ['unpack ok', '0001']],
    ['a response end', ['unpack ok', '0002']],
  ])('refuses %s', (_, lines) => {
    expect(() => read(...lines)).toThrow(expect.objectContaining({ code: 'GM_PROTOCOL' }));
  });

  it('refuses a report that ends early, at every packet', () => {
    for (const lines of [[], ['unpack ok'], ['unpack ok', 'ok refs/heads/x']]) {
      const decoder = new ReportStatusDecoder();
      for (const packet of packetsIn([pktLines(...lines)])) expect(decoder.push(packet)).toBe(false);
      expect(() => decoder.result()).toThrow(expect.objectContaining({ code: 'GM_PROTOCOL' }));
    }
  });

  it('hands on the words of an error packet, and is bounded', () => {
    expect(() => read('ERR disk quota exceeded', '0000')).toThrow(
      expect.objectContaining({ code: 'GM_REMOTE', details: { remoteText: 'disk quota exceeded' } }),
    );
    const bytes = pktLines('unpack ok', 'ok refs/heads/x', 'option forced-update', '0000');
    expect(() => decodeMessage(new ReportStatusDecoder({ maxRefs: 1 }), [bytes])).toThrow(
      expect.objectContaining({ code: 'GM_LIMIT' }),
    );
  });
});
