import type { ObjectFormat, ObjectId } from '../core/object-id.ts';
import type { Capabilities } from './capabilities.ts';
import type { Packet } from './pkt-line.ts';
export interface AdvertisedRef {
  readonly name: string;
  readonly oid: ObjectId;
  readonly peeled?: ObjectId;
  readonly symrefTarget?: string;
}
/** A ref that was left out because its name is not legal; `name` is made printable and is for messages only. */
export interface InvalidRef {
  readonly invalid: true;
  readonly name: string;
}
export interface RefAdvertisement {
  readonly version: 0 | 1;
  readonly refs: readonly AdvertisedRef[];
  readonly capabilities: Capabilities;
  readonly shallow: readonly ObjectId[];
  readonly extraHaves: readonly ObjectId[];
  readonly invalidRefs: readonly InvalidRef[];
  readonly objectFormat: ObjectFormat;
  readonly head?: string;
}
export interface CapabilityAdvertisement {
  readonly version: 2;
  readonly capabilities: Capabilities;
  readonly objectFormat: ObjectFormat;
}
export type Advertisement = RefAdvertisement | CapabilityAdvertisement;
export interface AdvertisementDecoderOptions {
  /** Service expected in `# service=`, when there is such a section. */
  readonly service?: 'git-upload-pack' | 'git-receive-pack';
  readonly maxRefs?: number;
}
export declare class AdvertisementDecoder {
  constructor(options?: AdvertisementDecoderOptions);
  /** True once complete. */
  push(packet: Packet): boolean;
  /** GM_PROTOCOL when the advertisement is not complete. */
  result(): Advertisement;
}
