/** A part of a file. */
export interface FileRange {
  readonly path: string;
  readonly offset: number;
  readonly length: number;
  /** Longest packet of band 1 that it is cut into (gitprotocol-pack, "Packfile Data"); 0 or undefined: it is not cut. */
  readonly packetBytes?: number | undefined;
}

/**
 * Where bytes go, for paths on which one `await` per piece would cost more than the work: the counterpart of
 * `ByteStream`. One writer at a time.
 */
export interface ByteSink {
  /**
   * Takes a copy of `bytes`: the caller may overwrite them as soon as the call returns. Returns undefined while there is
   * room, otherwise a promise that the writer awaits before it writes more; it rejects with the reason when nobody reads
   * any longer.
   */
  write(bytes: Uint8Array): Promise<void> | undefined;

  /**
   * Takes a part of a file, which stays there until the promise resolves; its bytes need not pass through the writer.
   * A sink without this is written the bytes instead.
   */
  readonly writeFile?: ((range: FileRange) => Promise<void>) | undefined;
}
