import type { ByteSink, FileRange } from '../../core/byte-sink.ts';
import { asError } from '../../core/error.ts';

/** Bytes that go to the other thread at once: large enough that a message costs nothing beside them. */
const batchBytes = 128 * 1024;
/** Bytes that may be on their way to the client at one time. */
const windowBytes = 1024 * 1024;

/**
 * The output of an exchange, on its way to another thread: batched, and held back when the client takes it slowly. A
 * batch that is not full leaves as soon as the writer waits for something else.
 */
export class CreditSink implements ByteSink {
  readonly #send: (chunk: Uint8Array<ArrayBuffer>) => void;
  readonly #sendFile: (range: FileRange) => void;
  #file: PromiseWithResolvers<undefined> | undefined;
  #buffer = new Uint8Array(0);
  #fill = 0;
  #onTheWay = 0;
  #isFlushPlanned = false;
  #room: PromiseWithResolvers<undefined> | undefined;
  #failure: { readonly reason: unknown } | undefined;

  /**
   * @param send - takes a chunk and owns it.
   * @param sendFile - takes a part of a file, and says by {@link fileTaken} when it has been read.
   */
  constructor(send: (chunk: Uint8Array<ArrayBuffer>) => void, sendFile: (range: FileRange) => void) {
    this.#send = send;
    this.#sendFile = sendFile;
  }

  readonly writeFile = async (range: FileRange): Promise<void> => {
    if (this.#failure !== undefined) throw asError(this.#failure.reason);
    this.flush();
    const taken = Promise.withResolvers<undefined>();
    this.#file = taken;
    this.#sendFile(range);
    await taken.promise;
  };

  /** The part of a file that was written last has gone to the client. */
  fileTaken(): void {
    this.#file?.resolve(undefined);
    this.#file = undefined;
  }

  write(bytes: Uint8Array): Promise<void> | undefined {
    // Thrown from where it is awaited, as every other failure of a sink.
    if (this.#failure !== undefined) return Promise.reject(asError(this.#failure.reason));
    let at = 0;
    while (at < bytes.length) {
      if (this.#buffer.length === 0) this.#buffer = new Uint8Array(Buffer.allocUnsafeSlow(batchBytes).buffer);
      const part = bytes.subarray(at, at + this.#buffer.length - this.#fill);
      this.#buffer.set(part, this.#fill);
      this.#fill += part.length;
      at += part.length;
      if (this.#fill === this.#buffer.length) this.flush();
    }
    if (this.#fill > 0 && !this.#isFlushPlanned) {
      this.#isFlushPlanned = true;
      setImmediate(() => {
        this.#isFlushPlanned = false;
        this.flush();
      });
    }
    if (this.#onTheWay < windowBytes) return undefined;
    this.#room ??= Promise.withResolvers<undefined>();
    return this.#room.promise;
  }

  /** Sends what has been written, without waiting for a batch to be full. */
  flush(): void {
    if (this.#fill === 0) return;
    const chunk = this.#buffer.subarray(0, this.#fill);
    this.#buffer = new Uint8Array(0);
    this.#onTheWay += this.#fill;
    this.#fill = 0;
    this.#send(chunk);
  }

  /** The client has taken `bytes` more. */
  credit(bytes: number): void {
    this.#onTheWay -= bytes;
    if (this.#onTheWay >= windowBytes || this.#room === undefined) return;
    this.#room.resolve(undefined);
    this.#room = undefined;
  }

  /** Nobody reads any longer: a writer that waits is told so, later ones too, and what is left is dropped. */
  fail(reason: unknown): void {
    this.#failure ??= { reason };
    this.#fill = 0;
    this.#buffer = new Uint8Array(0);
    for (const waiting of [this.#room, this.#file]) {
      waiting?.promise.catch(() => undefined);
      waiting?.reject(reason);
    }
    this.#room = undefined;
    this.#file = undefined;
  }
}
