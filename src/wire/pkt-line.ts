/** One pkt-line, or one of the markers without payload. A payload is a view; see {@link PacketDecoder}. */
export type Packet =
  | { readonly type: 'data'; readonly payload: Uint8Array }
  | { readonly type: 'flush' }
  | { readonly type: 'delim' }
  | { readonly type: 'response-end' };
export declare function encodePacket(payload: Uint8Array | string): Uint8Array;
export declare function encodeFlush(): Uint8Array;
export declare function encodeDelim(): Uint8Array;
export declare function encodeResponseEnd(): Uint8Array;
/** Lines and markers joined into one growing buffer. Methods return `this`. */
export declare class PacketWriter {
  get length(): number;
  /** A text line; the LF is added. */
  line(text: string): this;
  data(payload: Uint8Array): this;
  flush(): this;
  delim(): this;
  responseEnd(): this;
  /** What was written so far, owned by the caller; the writer is empty afterwards. */
  finish(): Uint8Array;
}
export declare class PacketDecoder {
  constructor(options?: { readonly maxPacketBytes?: number });
  push(chunk: Uint8Array): void;
  next(): Packet | undefined;
  get neededBytes(): number;
  takeRest(): Uint8Array;
  end(): void;
}
export declare function textOf(payload: Uint8Array): string;
