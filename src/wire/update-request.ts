import type { ObjectId } from '../core/object-id.ts';
import type { Packet } from './pkt-line.ts';
export interface RefCommand {
  readonly ref: string;
  readonly oldOid: ObjectId;
  readonly newOid: ObjectId;
}
export interface UpdateRequest {
  readonly commands: readonly RefCommand[];
  readonly capabilities: readonly string[];
  readonly shallows?: readonly ObjectId[] | undefined;
  /** Needs the capability `push-options`. */
  readonly pushOptions?: readonly string[] | undefined;
}
/** What precedes the pack, the push-options section included. */
export declare function encodeUpdateRequest(request: UpdateRequest): Uint8Array;
export declare function decodeUpdateRequest(packets: Iterable<Packet>): UpdateRequest;
