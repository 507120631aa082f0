import type { UploadFacts, UploadObserver, UploadPhase } from '../upload/upload-observer.ts';

/** Which implementation answered. */
export type BackendName = 'native' | 'git';

/** Is told what happens behind a request. Calls are cheap and never throw. */
export interface RequestObserver extends UploadObserver {
  /** This backend answers the request. The last call counts: a request may fall back to another one. */
  servedBy(backend: BackendName): void;
}

/** A step of an exchange; times are milliseconds since 1970, with fractions. */
export interface TimedPhase {
  readonly phase: UploadPhase;
  readonly startMs: number;
  readonly endMs: number;
}

/** Most phases kept of one request: a conversation may have many rounds. */
const maxPhases = 1000;

/** Collects what a request's backend tells. */
export class RequestReport implements RequestObserver {
  readonly #phases: TimedPhase[] = [];
  #facts: UploadFacts = {};
  #backend: BackendName | undefined;

  get backend(): BackendName | undefined {
    return this.#backend;
  }

  /** All facts told so far. */
  get allFacts(): UploadFacts {
    return this.#facts;
  }

  get phases(): readonly TimedPhase[] {
    return this.#phases;
  }

  servedBy(backend: BackendName): void {
    this.#backend = backend;
  }

  phase(phase: UploadPhase, startMs: number, endMs: number): void {
    if (this.#phases.length < maxPhases) this.#phases.push({ phase, startMs, endMs });
  }

  facts(facts: UploadFacts): void {
    this.#facts = { ...this.#facts, ...facts };
  }
}
