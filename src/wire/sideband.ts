export type Band = 1 | 2 | 3;
export declare class SidebandDecoder {
  constructor(options?: { readonly maxPacketBytes?: number });
  push(chunk: Uint8Array): readonly Uint8Array[];
  takeMessages(): string[];
  get done(): boolean;
  takeRest(): Uint8Array;
  end(): void;
}
export declare function encodeSideband(band: Band, payload: Uint8Array, maxPacketBytes?: number): Uint8Array[];
