import type { ObjectId } from '../core/object-id.ts';
import type { Packet } from './pkt-line.ts';
/** What a proc-receive hook made of a command (report-status-v2 option lines). */
export interface ReportOptions {
  readonly refName?: string;
  readonly oldOid?: ObjectId;
  readonly newOid?: ObjectId;
  readonly forcedUpdate?: true;
}
export interface RefStatus {
  readonly ref: string;
  readonly ok: boolean;
  /** Why not, printable. */
  readonly reason?: string;
  readonly options?: readonly ReportOptions[];
}
export interface ReportStatus {
  readonly unpack: 'ok' | { readonly error: string };
  readonly refs: readonly RefStatus[];
}
export declare class ReportStatusDecoder {
  constructor(options?: { readonly maxRefs?: number });
  push(packet: Packet): boolean;
  /** GM_PROTOCOL when the flush has not come. */
  result(): ReportStatus;
}
export declare function encodeReportStatus(report: ReportStatus): Uint8Array;
