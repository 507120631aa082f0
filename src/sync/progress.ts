import type { RefResult } from './result.ts';

/** What a run is busy with. */
export type ProgressPhase = 'connect' | 'plan' | 'ancestry' | 'checkpoints' | 'transfer' | 'refs' | 'done';

/** What `onProgress` is told. Byte events come at most every 100 ms per side. */
export type ProgressEvent =
  | { readonly type: 'phase'; readonly phase: ProgressPhase; readonly message: string }
  /** Pack bytes so far; `side` is `source` or the target's URL. `totalBytes` only where it can be known. */
  | {
      readonly type: 'bytes';
      readonly side: string;
      readonly bytes: number;
      readonly bytesPerSecond: number;
      readonly totalBytes?: number | undefined;
    }
  /** Object count from the header of a pack that is being relayed. */
  | { readonly type: 'pack'; readonly objects: number }
  /** A batched bootstrap: pushes done and planned so far. */
  | { readonly type: 'batch'; readonly done: number; readonly planned: number }
  /** A line of progress that an end printed (sideband 2), control characters removed. */
  | { readonly type: 'remote'; readonly side: string; readonly line: string }
  /** A ref has its outcome. */
  | { readonly type: 'ref'; readonly targetUrl: string; readonly ref: RefResult };

/** Options of every call of the client. */
export interface CallOptions {
  /** Ends the call; its `reason` is what the call then throws. */
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((event: ProgressEvent) => void) | undefined;
}
