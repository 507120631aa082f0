/** How checkpoints of a batched bootstrap are laid: along first parents only, or along all commits in topological order. */
export type BootstrapOrder = 'first-parent' | 'topo';

/** Settings that most callers leave alone. They may change between minor versions. */
export interface AdvancedOptions {
  /** Give up when the source sends a pack larger than this many bytes. Default: no limit. */
  readonly maxPackBytes?: number | undefined;
  /** Largest pack the target takes in one push, in bytes; larger ones are sent in batches. */
  readonly targetMaxPackBytes?: number | undefined;
  /** Most ref updates sent to the target in one push. Default: no limit. */
  readonly targetMaxRefUpdates?: number | undefined;
  /** Most objects the temporary store of a materialized run may hold. Default 2,000,000. */
  readonly materializedMaxObjects?: number | undefined;
  /** Most bytes the temporary store of a materialized run may take on disk. Default 8 GiB. */
  readonly materializedMaxBytes?: number | undefined;
  /** Default `first-parent`. */
  readonly bootstrapOrder?: BootstrapOrder | undefined;
  /** Where temporary stores are made. Default: the system's temporary folder. */
  readonly temporaryDirectory?: string | undefined;
  /** How long a target of a run with several may hold the others up before it is put off to a try of its own. Default 10,000. */
  readonly slowTargetMs?: number | undefined;
}
