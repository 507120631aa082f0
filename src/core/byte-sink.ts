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
}
