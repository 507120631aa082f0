/** How refs are opened. */
export interface RefStoreOptions {
  /** Called with a sentence for every ref that is left out of a listing because it is broken. */
  readonly onWarning?: ((message: string) => void) | undefined;
}
