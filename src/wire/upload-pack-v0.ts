import type { ObjectFormat, ObjectId } from '../core/object-id.ts';
export interface UploadRequest {
  readonly wants: readonly ObjectId[];
  readonly capabilities: readonly string[];
  readonly shallows?: readonly ObjectId[] | undefined;
  readonly depth?: number | undefined;
  readonly deepenSince?: number | undefined;
  readonly deepenNot?: readonly string[] | undefined;
  readonly filter?: string | undefined;
}
export declare function encodeUploadRequest(request: UploadRequest): Uint8Array;
export declare function encodeHaveLines(haves: readonly ObjectId[]): Uint8Array;
export declare function encodeDone(): Uint8Array;
export type AckStatus = 'continue' | 'common' | 'ready';
export type AckLine =
  | { readonly kind: 'nak' }
  | { readonly kind: 'ack'; readonly oid: ObjectId; readonly status?: AckStatus };
export declare function decodeAckLine(payload: Uint8Array, format: ObjectFormat): AckLine;
export interface ShallowLine {
  readonly kind: 'shallow' | 'unshallow';
  readonly oid: ObjectId;
}
export declare function decodeShallowLine(payload: Uint8Array, format: ObjectFormat): ShallowLine;
