import { describe, expect, test } from 'vitest';
import { feedings } from '../../test/wire/chunking.ts';
import { concatBytes } from '../core/bytes.ts';
import { streamOf } from '../core/byte-stream.ts';
import { encodeReportStatus } from '../wire/report-status.ts';
import { encodeSideband } from '../wire/sideband.ts';
import { PacketReader } from './packet-reader.ts';
import { readReport } from './read-report.ts';

const doing = 'https://example.com/x.git was reporting on the push';
const report = encodeReportStatus({
  unpack: 'ok',
  refs: [
    { ref: 'refs/heads/a', ok: true },
    { ref: 'refs/heads/b', ok: false, reason: 'hook declined' },
  ],
});
const framed = concatBytes([
  ...encodeSideband(2, Buffer.from('from the hook\n')),
  ...encodeSideband(1, report),
  Buffer.from('0000'),
]);

function options(given: { readonly reports?: boolean; readonly sideband?: boolean }, lines: string[] = []) {
  return { reports: true, sideband: false, doing, onMessage: (line: string) => lines.push(line), ...given };
}

describe('readReport', () => {
  test.each([
    { sideband: true, bytes: framed },
    { sideband: false, bytes: report },
  ])('the report, with sideband: $sideband, however the bytes come', async ({ sideband, bytes }) => {
    for (const chunks of feedings(bytes, [0.3, 0.31])) {
      const lines: string[] = [];
      const result = await readReport(new PacketReader(streamOf(...chunks)), options({ sideband }, lines));
      expect(result).toMatchObject({
        unpack: 'ok',
        refs: [
          { ref: 'refs/heads/a', ok: true },
          { ref: 'refs/heads/b', ok: false, reason: 'hook declined' },
        ],
      });
      expect(lines).toEqual(sideband ? ['from the hook'] : []);
    }
  });

  test('a target that does not report is read to its end', async () => {
    expect(await readReport(new PacketReader(streamOf()), options({ reports: false }))).toBeUndefined();
    const quiet = concatBytes([...encodeSideband(2, Buffer.from('bye\n')), Buffer.from('0000')]);
    const lines: string[] = [];
    const given = options({ reports: false, sideband: true }, lines);
    expect(await readReport(new PacketReader(streamOf(quiet)), given)).toBeUndefined();
    expect(lines).toEqual(['bye']);
  });

  test.each([true, false])(
    'a report that is cut off is an error that names the target, sideband: %s',
    async (sideband) => {
      const bytes = sideband ? framed : report;
      for (const cut of [0, 2, bytes.length - 6]) {
        const failure = readReport(new PacketReader(streamOf(bytes.subarray(0, cut))), options({ sideband }));
        await expect(failure).rejects.toMatchObject({ code: expect.stringMatching(/GM_(NETWORK|PROTOCOL)/) as string });
        await expect(failure).rejects.toThrow('https://example.com/x.git');
      }
    },
  );
});
