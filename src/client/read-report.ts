import { PacketDecoder } from '../wire/pkt-line.ts';
import { ReportStatusDecoder, type ReportStatus } from '../wire/report-status.ts';
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
      for (let packet = packets.next(); packet !== undefined && !complete; packet = packets.next()) {
        complete = decoder.push(packet);
      }
    }
  } else if (options.reports) {
    while (!complete) complete = decoder.push(await reader.read(options.doing));
  } else {
    while ((await reader.readOrEnd()) !== undefined);
  }
  return options.reports ? decoder.result() : undefined;
}
