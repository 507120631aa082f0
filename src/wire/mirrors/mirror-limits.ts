/** Bounds on what others say of mirrors. Whoever sends more is not believed. */
export const mirrorLimits = {
  /** Lines of an answer, or entries of a document, that are read. One more is `GM_LIMIT`. */
  maxLines: 10_000,
  /** URLs that are kept of them, canonical ones and mirrors together. The rest are passed over. */
  maxKept: 1000,
  maxUrlLength: 2048,
  maxCursorLength: 512,
  /** Bytes of a document (`info/mirrors`, `.well-known/git-mirrors`). */
  maxDocumentBytes: 4 * 1024 * 1024,
  /** Argument lines of one request. */
  maxArguments: 64,
  /** URL schemes that one request may name. */
  maxProtocols: 32,
  /** Bytes of the signature in a notice. */
  maxSignatureBytes: 16 * 1024,
} as const;
