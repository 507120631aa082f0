import type { ObjectFormat } from '../core/object-id.ts';
import type { AdvertisedRef, InvalidRef } from './advertisement.ts';
import type { Packet } from './pkt-line.ts';
export interface LsRefsRequest {
  readonly capabilities: readonly string[];
  readonly prefixes: readonly string[];
  readonly peel: boolean;
  readonly symrefs: boolean;
  readonly unborn: boolean;
}
export interface UnbornRef {
  readonly unborn: true;
  readonly name: string;
  readonly symrefTarget?: string;
}
export declare function encodeLsRefsRequest(request: LsRefsRequest): Uint8Array;
export declare function decodeLsRefsRequest(packets: Iterable<Packet>): LsRefsRequest;
export declare function decodeLsRefsLine(
  payload: Uint8Array,
  format: ObjectFormat,
): AdvertisedRef | UnbornRef | InvalidRef;
/** Without LF: for PacketWriter.line. */
export declare function encodeLsRefsLine(ref: AdvertisedRef | UnbornRef): string;
export interface LsRefsResult {
  readonly refs: readonly AdvertisedRef[];
  /** Target of HEAD, also of an unborn one. */
  readonly head?: string;
  readonly unborn: readonly UnbornRef[];
  readonly invalidRefs: readonly InvalidRef[];
}
/** A whole answer: ERR packets, bounds and invalid names dealt with, as in AdvertisementDecoder. */
export declare class LsRefsDecoder {
  constructor(format: ObjectFormat, options?: { readonly maxRefs?: number });
  push(packet: Packet): boolean;
  result(): LsRefsResult;
}
