import fc from 'fast-check';
import { expect, it } from 'vitest';
import { PacketWriter } from '../wire/pkt-line.ts';
import { PacketBoundaryScanner } from './packet-boundary.ts';

it('finds the end of a message wherever the chunks are cut', () => {
  const payloads = fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 8 });
  fc.assert(
    fc.property(
      payloads,
      fc.boolean(),
      fc.uint8Array({ maxLength: 20 }),
      fc.infiniteStream(fc.integer({ min: 1, max: 9 })),
      (packets, isFlush, rest, sizes) => {
        const writer = new PacketWriter();
        for (const payload of packets) writer.data(payload).delim();
        const message = (isFlush ? writer.flush() : writer.responseEnd()).finish();
        const input = Buffer.concat([message, rest]);
        const scanner = new PacketBoundaryScanner();
        let settled = 0;
        for (let offset = 0; ;) {
          offset = Math.min(input.length, offset + Number(sizes.next().value));
          const { end, marker } = scanner.scan(input.subarray(settled, offset));
          settled += end;
          if (marker === undefined) continue;
          expect(marker).toBe(isFlush ? 'flush' : 'response-end');
          expect(settled).toBe(message.length);
          return;
        }
      },
    ),
  );
});

it.each(['0003', 'fff1', '<htm'])('refuses the length %s', (length) => {
  expect(() => new PacketBoundaryScanner().scan(Buffer.from(length))).toThrow(
    expect.objectContaining({ code: 'GM_PROTOCOL' }) as Error,
  );
});
