import type { FileRange } from '../../core/byte-sink.ts';
import type { ByteStream } from '../../core/byte-stream.ts';
import { GitMirrorError } from '../../core/error.ts';
import type { MirrorDirectory } from '../../upload/mirror-directory.ts';
import type { UploadObserver } from '../../upload/upload-observer.ts';
import { readFileRange } from './read-file-range.ts';
import { decodeThreadError, encodeThreadError } from './thread-error.ts';
import type { ExchangeStart, FromWorker, MirrorOutcome, MirrorQuestion, ToWorker } from './thread-messages.ts';

type Message = Extract<FromWorker, { readonly id: number }>;

/** What an exchange needs: what its worker is told, and what stays on this side. */
export interface StartedExchange {
  readonly start: ExchangeStart;
  readonly input: ByteStream;
  readonly mirrors: MirrorDirectory | undefined;
  readonly observer: UploadObserver;
  readonly signal: AbortSignal;
}

/** One exchange that runs in a worker, seen from the main thread: its output is a stream, its input is fed on demand. */
export class WorkerExchange {
  readonly id: number;
  /** Settles when the worker has nothing more to do with the exchange. Never rejects. */
  readonly over: Promise<void>;
  readonly #post: (message: ToWorker) => void;
  readonly #input: AsyncIterator<Uint8Array>;
  readonly #mirrors: MirrorDirectory | undefined;
  readonly #observer: UploadObserver;
  readonly #signal: AbortSignal;
  readonly #pieces: (Uint8Array | FileRange)[] = [];
  #waiting: PromiseWithResolvers<undefined> | undefined;
  #state: 'running' | 'ended' | 'failed' = 'running';
  #failure: unknown;
  #isAborted = false;
  #finish: () => void = () => undefined;

  constructor(
    id: number,
    post: (message: ToWorker) => void,
    { input, mirrors, observer, signal }: Omit<StartedExchange, 'start'>,
  ) {
    this.id = id;
    this.#post = post;
    this.#input = input[Symbol.asyncIterator]();
    this.#mirrors = mirrors;
    this.#observer = observer;
    this.#signal = signal;
    this.over = new Promise((resolve) => {
      this.#finish = resolve;
    });
    if (signal.aborted) this.#onAbort();
    else signal.addEventListener('abort', this.#onAbort, { once: true });
  }

  /**
   * What the worker sends, to its end; a chunk is borrowed until the next one is asked for. Leaving early stops the worker's work. Throws what the exchange failed with, or the
   * signal's reason.
   */
  async *output(): AsyncGenerator<Uint8Array, void, void> {
    try {
      for (;;) {
        const piece = this.#pieces.shift();
        if (piece instanceof Uint8Array) {
          const bytes = piece.length;
          yield piece;
          if (this.#state === 'running') this.#post({ type: 'credit', id: this.id, bytes });
        } else if (piece !== undefined) {
          yield* this.#readFile(piece);
          if (this.#state === 'running') this.#post({ type: 'file-taken', id: this.id });
        } else if (this.#state === 'running') {
          this.#waiting = Promise.withResolvers<undefined>();
          await this.#waiting.promise;
        } else if (this.#state === 'failed') {
          throw this.#signal.aborted ? this.#signal.reason : this.#failure;
        } else {
          return;
        }
      }
    } finally {
      this.#abort(new GitMirrorError('GM_NETWORK', 'The client went away before the answer was complete'));
    }
  }

  /** Takes what the worker says of this exchange. */
  receive(message: Message): void {
    switch (message.type) {
      case 'pull':
        void this.#feed();
        break;
      case 'output':
        this.#take(message.chunk);
        break;
      case 'output-file':
        this.#take(message.range);
        break;
      case 'phase':
        this.#observer.phase(message.phase, message.startMs, message.endMs);
        return;
      case 'facts':
        this.#observer.facts(message.facts);
        return;
      case 'mirrors-ask':
        void this.#answer(message.ask, message.question);
        return;
      case 'end':
        if (this.#state === 'running') this.#settle('ended');
        this.#finish();
        break;
      case 'failed':
        this.#fail(decodeThreadError(message.error));
        this.#finish();
        break;
    }
    this.#wake();
  }

  /** When the exchange has failed meanwhile the file may be gone: that is not what went wrong. */
  async *#readFile(range: FileRange): AsyncGenerator<Uint8Array, void, void> {
    try {
      yield* readFileRange(range);
    } catch (error) {
      throw this.#state === 'failed' ? this.#failure : error;
    }
  }

  #take(piece: Uint8Array | FileRange): void {
    if (this.#state === 'running' && !this.#isAborted) this.#pieces.push(piece);
  }

  /** Ends the exchange from this side, because its worker is gone. */
  lose(error: unknown): void {
    this.#pieces.length = 0;
    this.#fail(error);
    this.#finish();
  }

  #fail(error: unknown): void {
    if (this.#state !== 'running') return;
    this.#failure = error;
    this.#settle('failed');
    this.#wake();
  }

  #settle(state: 'ended' | 'failed'): void {
    this.#state = state;
    this.#signal.removeEventListener('abort', this.#onAbort);
    // Ending the input's iterator lets go of the request body.
    void this.#input.return?.().catch(() => undefined);
  }

  #wake(): void {
    this.#waiting?.resolve(undefined);
    this.#waiting = undefined;
  }

  readonly #onAbort = (): void => {
    this.#abort(this.#signal.reason);
    this.#fail(this.#signal.reason);
  };

  #abort(reason: unknown): void {
    if (this.#isAborted || this.#state === 'ended') return;
    this.#isAborted = true;
    this.#pieces.length = 0;
    this.#post({ type: 'abort', id: this.id, error: encodeThreadError(reason) });
  }

  /** An answer that comes when the exchange is over is for nobody. */
  async #answer(ask: number, question: MirrorQuestion): Promise<void> {
    let outcome: MirrorOutcome;
    try {
      outcome = await answerOf(this.#mirrors, question);
    } catch (error) {
      outcome = { kind: 'failed', error: encodeThreadError(error) };
    }
    if (this.#state === 'running') this.#post({ type: 'mirrors-answer', id: this.id, ask, outcome });
  }

  async #feed(): Promise<void> {
    try {
      const step = await this.#input.next();
      if (this.#state !== 'running') return;
      this.#post({ type: 'input', id: this.id, chunk: step.done === true ? undefined : step.value });
    } catch (error) {
      if (this.#state === 'running') this.#post({ type: 'input-failed', id: this.id, error: encodeThreadError(error) });
    }
  }
}

async function answerOf(mirrors: MirrorDirectory | undefined, question: MirrorQuestion): Promise<MirrorOutcome> {
  if (mirrors === undefined) throw new GitMirrorError('GM_INTERNAL', 'An exchange without mirrors has asked for them');
  return question.kind === 'list'
    ? { kind: 'list', answer: await mirrors.list(question.query) }
    : { kind: 'notify', answer: await mirrors.notify(question.notice) };
}
