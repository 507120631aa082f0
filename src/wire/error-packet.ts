/** Throws `GM_REMOTE` when `payload` is an `ERR ` packet; `doing` begins the message ("reading the refs of X"). */
export declare function throwIfErrorPacket(payload: Uint8Array, doing: string): void;
