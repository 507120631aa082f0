import type { UploadFacts, UploadPhase } from '../../upload/upload-observer.ts';
import type { UploadLimits } from '../../upload/upload-limits.ts';
import type { FileRange } from '../../core/byte-sink.ts';
import type { MirrorAnswer, MirrorNotice, MirrorQuery, NoticeAnswer } from '../../wire/mirrors/mirror-list.ts';
import type { PackClaim, PackState } from './pack-ledger.ts';
import type { SegmentOutcome, SegmentTask } from './segment-broker.ts';
import type { ThreadError } from './thread-error.ts';

/** What a worker is told about an exchange when it begins. */
export interface ExchangeStart {
  readonly directory: string;
  readonly gitProtocol: string;
  readonly namespace: string;
  readonly mode: 'advertise' | 'answer' | 'converse';
  readonly limits: UploadLimits;
  /** Whether mirrors may be asked for, which this side answers. */
  readonly hasMirrors: boolean;
}

/** What an exchange asks about mirrors: a call of a `MirrorDirectory`. */
export type MirrorQuestion =
  { readonly kind: 'list'; readonly query: MirrorQuery } | { readonly kind: 'notify'; readonly notice: MirrorNotice };

/** What came of the call. */
export type MirrorOutcome =
  | { readonly kind: 'list'; readonly answer: MirrorAnswer }
  | { readonly kind: 'notify'; readonly answer: NoticeAnswer }
  | { readonly kind: 'failed'; readonly error: ThreadError };

/** What a worker is started with. */
export interface WorkerSettings {
  /** Environment that git's configuration is read with. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Threads that a delta search may be spread over. */
  readonly searchThreads: number;
}

/**
 * From the main thread to a worker. An exchange is `start`ed, is sent one `input` for each `pull`, gets back `credit` for
 * each piece of output that has been taken, `file-taken` for each part of a file, `mirrors-answer` for each `mirrors-ask`,
 * and ends by itself or is `abort`ed.
 */
export type ToWorker =
  | { readonly type: 'start'; readonly id: number; readonly start: ExchangeStart }
  /** The next piece of input; undefined at its end. */
  | { readonly type: 'input'; readonly id: number; readonly chunk: Uint8Array | undefined }
  | { readonly type: 'input-failed'; readonly id: number; readonly error: ThreadError }
  | { readonly type: 'credit'; readonly id: number; readonly bytes: number }
  | { readonly type: 'file-taken'; readonly id: number }
  | { readonly type: 'mirrors-answer'; readonly id: number; readonly ask: number; readonly outcome: MirrorOutcome }
  | { readonly type: 'abort'; readonly id: number; readonly error: ThreadError }
  /** What to do about the pack that was claimed. */
  | { readonly type: 'pack-claimed'; readonly claim: number; readonly answer: PackClaim }
  | { readonly type: 'pack-state'; readonly pack: number; readonly state: PackState }
  | { readonly type: 'pack-unwanted'; readonly pack: number }
  | SegmentToWorker;

/** About parts of a delta search: `segment` is the broker's number for one, `ask` that of the worker that asked. */
export type SegmentToWorker =
  | { readonly type: 'segment-search'; readonly segment: number; readonly task: SegmentTask }
  | { readonly type: 'segment-abort'; readonly segment: number }
  | { readonly type: 'segment-progress'; readonly ask: number; readonly done: number }
  | { readonly type: 'segment-answer'; readonly ask: number; readonly outcome: SegmentOutcome };

/** The same, to the broker. */
export type SegmentFromWorker =
  | { readonly type: 'segment-ask'; readonly ask: number; readonly task: SegmentTask }
  | { readonly type: 'segment-cancel'; readonly ask: number }
  | { readonly type: 'segment-progress'; readonly segment: number; readonly done: number }
  | { readonly type: 'segment-done'; readonly segment: number; readonly outcome: SegmentOutcome };

/** From a worker to the main thread. After `end` or `failed` nothing more comes of an exchange. */
export type FromWorker =
  | { readonly type: 'ready' }
  | { readonly type: 'pull'; readonly id: number }
  | { readonly type: 'output'; readonly id: number; readonly chunk: Uint8Array }
  | { readonly type: 'output-file'; readonly id: number; readonly range: FileRange }
  | {
      readonly type: 'phase';
      readonly id: number;
      readonly phase: UploadPhase;
      readonly startMs: number;
      readonly endMs: number;
    }
  | { readonly type: 'facts'; readonly id: number; readonly facts: UploadFacts }
  | { readonly type: 'mirrors-ask'; readonly id: number; readonly ask: number; readonly question: MirrorQuestion }
  | { readonly type: 'end'; readonly id: number }
  | { readonly type: 'failed'; readonly id: number; readonly error: ThreadError }
  | PackMessage
  | SegmentFromWorker;

/** What a worker tells the ledger of packs. */
export type PackMessage =
  | { readonly type: 'pack-claim'; readonly claim: number; readonly key: string }
  | { readonly type: 'pack-leave'; readonly pack: number }
  | { readonly type: 'pack-update'; readonly pack: number; readonly state: PackState };
