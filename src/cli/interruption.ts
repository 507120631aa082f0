import { signalStatus } from './exit-status.ts';
import type { Host, StopSignal } from './host.ts';

/** Thrown by whatever was under way when a signal asked the program to stop. */
export class Interrupted extends Error {
  override readonly name = 'Interrupted';
  readonly stopSignal: StopSignal;

  constructor(stopSignal: StopSignal) {
    super(`stopped by ${stopSignal}`);
    this.stopSignal = stopSignal;
  }

  /** Exit status of the program. */
  get status(): number {
    return signalStatus[this.stopSignal];
  }
}

/**
 * A signal within so many milliseconds of the first is the same key press: a process that was started through another
 * one gets it from the terminal and from its parent.
 */
const echoMs = 250;

/** Turns the first signal into an abort and the second one into the end of the process. */
export class Interruption {
  readonly #controller = new AbortController();
  readonly #host: Host;
  readonly #stopListening: () => void;
  #firstAt: number | undefined;

  constructor(host: Host) {
    this.#host = host;
    this.#stopListening = host.onStopSignal((stopSignal) => {
      this.#receive(stopSignal);
    });
  }

  /** Aborts with an {@link Interrupted} as its reason. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Gives signals their usual meaning back. */
  close(): void {
    this.#stopListening();
  }

  #receive(stopSignal: StopSignal): void {
    const now = performance.now();
    if (this.#firstAt === undefined) {
      this.#firstAt = now;
      this.#controller.abort(new Interrupted(stopSignal));
      this.#host.stderr.write(
        `git-mirror: stopping. ${stopSignal === 'SIGINT' ? 'Press Ctrl-C again' : 'Once more'} to stop at once.\n`,
      );
    } else if (now - this.#firstAt >= echoMs) this.#host.exitNow(signalStatus[stopSignal]);
  }
}
