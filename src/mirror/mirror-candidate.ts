/** A mirror that may be asked: its URL has been checked for where it came from. */
export interface MirrorCandidate {
  /** As git takes it. */
  readonly url: string;
  /** `https`, `http`, `git`, `ssh`, `file`. */
  readonly scheme: string;
  /** What its refs are kept under: `refs/mirror/<space>/`. Unlike for every mirror of the repository. */
  readonly space: string;
  /** Whether a person named it, on the command line or in the configuration; otherwise some server did. */
  readonly isUsers: boolean;
}

/** How long a mirror may take for what, before the next one is asked. All have defaults in `mirrorLimits`. */
export interface MirrorLimits {
  /** Until the first byte of what was asked for. */
  readonly firstByteMs: number;
  /** Without a byte. */
  readonly stallMs: number;
  /** Slower than so many bytes a second, over `stallMs`, is too slow. */
  readonly minBytesPerSecond: number;
  /** For everything that one mirror is asked for in one run. */
  readonly totalMs: number;
  /** Bytes that one mirror may send in one run. */
  readonly maxBytes: number;
}

/** The bounds where configuration and flags are silent (`mirror.firstByte` … in docs/mirror.md). */
export const mirrorLimits: MirrorLimits = {
  firstByteMs: 30_000,
  stallMs: 10_000,
  minBytesPerSecond: 4096,
  totalMs: 6 * 3600_000,
  maxBytes: 64 * 1024 ** 3,
};

/** What a person is told while mirrors are asked. */
export interface MirrorReporter {
  /** One line, for standard error; not shown with --quiet. */
  note(line: string): void;
  /** Only with --verbose. */
  detail(line: string): void;
}
