import type { ObjectFormat, ObjectId } from '../core/object-id.ts';
import type { Packet } from './pkt-line.ts';
export interface FetchRequest {
  readonly capabilities: readonly string[];
  readonly wants?: readonly ObjectId[] | undefined;
  readonly wantRefs?: readonly string[] | undefined;
  readonly haves?: readonly ObjectId[] | undefined;
  readonly done?: boolean | undefined;
  readonly thinPack?: boolean | undefined;
  readonly noProgress?: boolean | undefined;
  readonly includeTag?: boolean | undefined;
  readonly ofsDelta?: boolean | undefined;
  readonly shallow?: readonly ObjectId[] | undefined;
  readonly deepen?: number | undefined;
  readonly deepenRelative?: boolean | undefined;
  readonly deepenSince?: number | undefined;
  readonly deepenNot?: readonly string[] | undefined;
  readonly filter?: string | undefined;
  readonly sidebandAll?: boolean | undefined;
  readonly waitForDone?: boolean | undefined;
  /** Protocols, for example `https`. */
  readonly packfileUris?: readonly string[] | undefined;
}
export declare function encodeFetchRequest(request: FetchRequest): Uint8Array;
/** Sections in front of the pack; one that was not sent is left out. */
export interface FetchSections {
  readonly acknowledgments?: { readonly acks: readonly ObjectId[]; readonly nak: boolean; readonly ready: boolean };
  readonly shallowInfo?: { readonly shallow: readonly ObjectId[]; readonly unshallow: readonly ObjectId[] };
  readonly wantedRefs?: readonly { readonly oid: ObjectId; readonly name: string }[];
  readonly packfileUris?: readonly { readonly hash: string; readonly uri: string }[];
}
export type FetchResponseState = 'sections' | 'acknowledgments-end' | 'packfile';
export declare class FetchResponseDecoder {
  constructor(format: ObjectFormat, options?: { readonly sidebandAll?: boolean; readonly maxLines?: number });
  /** 'sections': more packets are needed. The other two are final: send another round, or sideband pack bytes follow. */
  push(packet: Packet): FetchResponseState;
  get state(): FetchResponseState;
  /** The sections so far; complete in a final state. */
  result(): FetchSections;
  /** Band-2 text of a sideband-all answer. */
  takeMessages(): string[];
  /** GM_PROTOCOL unless in a final state. */
  end(): void;
}
