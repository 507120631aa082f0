import { PacketDecoder } from '../wire/pkt-line.ts';
import { ReportStatusDecoder, type ReportStatus } from '../wire/report-status.ts';
import { decodeWhile } from './decode-while.ts';
import type { PacketReader } from './packet-reader.ts';
import { readSideband } from './sideband-stream.ts';

interface ReportOptions {
  /** Whether `report-status` was asked for. */
  readonly reports: boolean;
  readonly sideband: boolean;
  /** Completes "The connection ended early while …". */
  readonly doing: string;
  readonly onMessage: ((line: string) => void) | undefined;
}

/** Reads what a target says after a push, to the end (gitprotocol-pack, "Report Status"). */
export async function readReport(reader: PacketReader, options: ReportOptions): Promise<ReportStatus | undefined> {
  const decoder = new ReportStatusDecoder();
  let complete = false;
  if (options.sideband) {
    const packets = new PacketDecoder();
    for await (const slice of readSideband(reader, options.doing, options.onMessage)) {
      if (complete) continue;
      packets.push(slice);
      complete = decodeWhile(options.doing, () => pushAll(packets, decoder));
    }
  } else if (options.reports) {
    while (!complete) {
      const packet = await reader.read(options.doing);
      complete = decodeWhile(options.doing, () => decoder.push(packet));
    }
  } else {
    while ((await reader.readOrEnd(options.doing)) !== undefined);
  }
  return options.reports ? decodeWhile(options.doing, () => decoder.result()) : undefined;
}

/** Gives `decoder` the packets there are. True once the report is complete. */
function pushAll(packets: PacketDecoder, decoder: ReportStatusDecoder): boolean {
  for (let packet = packets.next(); packet !== undefined; packet = packets.next()) {
    if (decoder.push(packet)) return true;
  }
  return false;
}
