import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { UploadPhase } from '../upload/upload-observer.ts';
import type { SteeringOutcome } from './mirrors/steering.ts';
import { resultOf, type RequestRecord, type RequestWatcher } from './request-record.ts';

/** What each phase is called in metrics. */
const phaseNames: Readonly<Record<UploadPhase, string>> = {
  parse: 'parse',
  negotiate: 'negotiation',
  traverse: 'traversal',
  compress: 'compression',
  stream: 'stream',
};

/** Seconds; from an advertisement of a small repository to a clone of a large one over a slow line. */
const buckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800];

/** Statuses of requests that were turned away, and why. */
const rejections: Readonly<Record<number, string>> = {
  400: 'malformed',
  403: 'forbidden',
  404: 'not-found',
  405: 'method',
  413: 'too-large',
  415: 'content-type',
  429: 'client-busy',
  503: 'busy',
  504: 'timeout',
};

/** Kinds of filter that may be a label; anything else is `other`, so that clients cannot make up new ones. */
const filterKinds = new Set(['none', 'blob:none', 'blob:limit', 'tree', 'object:type', 'sparse:oid', 'combine']);
const commands = new Set(['advertise', 'ls-refs', 'fetch', 'object-info', 'bundle-uri', 'mirrors', 'mirror-notify']);

/** What a process that serves tells Prometheus (docs/metrics.md). */
export class ServerMetrics implements RequestWatcher {
  readonly registry = new Registry();
  readonly #active: Gauge;
  readonly #requests: Counter<'backend' | 'command' | 'filter' | 'result'>;
  readonly #seconds: Histogram<'backend' | 'command' | 'filter' | 'result'>;
  readonly #phases: Readonly<Record<UploadPhase, Histogram<'backend' | 'filter' | 'result'>>>;
  readonly #bytes: Counter<'backend' | 'direction'>;
  readonly #packBytes: Counter<'backend'>;
  readonly #objects: Counter<'backend' | 'kind'>;
  readonly #cache: Counter<'outcome'>;
  readonly #rejected: Counter<'reason'>;
  readonly #steering: Counter<'outcome'>;

  constructor(options: { readonly processMetrics?: boolean } = {}) {
    const registers = [this.registry];
    const name = (rest: string): string => `git_mirror_${rest}`;
    if (options.processMetrics ?? true) collectDefaultMetrics({ register: this.registry });
    this.#active = new Gauge({ name: name('active_requests'), help: 'Requests that are being answered', registers });
    const labelNames = ['backend', 'command', 'filter', 'result'] as const;
    this.#requests = new Counter({ name: name('requests_total'), help: 'Requests answered', labelNames, registers });
    this.#seconds = new Histogram({
      name: name('request_seconds'),
      help: 'Time of a request, from its head to the last byte of its answer',
      labelNames,
      buckets,
      registers,
    });
    const phase = (step: string): Histogram<'backend' | 'filter' | 'result'> =>
      new Histogram({
        name: name(`${step}_seconds`),
        help: `Time of the ${step} of an upload-pack request`,
        labelNames: ['backend', 'filter', 'result'],
        buckets,
        registers,
      });
    this.#phases = {
      parse: phase(phaseNames.parse),
      negotiate: phase(phaseNames.negotiate),
      traverse: phase(phaseNames.traverse),
      compress: phase(phaseNames.compress),
      stream: phase(phaseNames.stream),
    };
    this.#bytes = new Counter({
      name: name('bytes_total'),
      help: 'Bytes of request and response bodies',
      labelNames: ['backend', 'direction'],
      registers,
    });
    this.#packBytes = new Counter({
      name: name('pack_bytes_total'),
      help: 'Bytes of packs',
      labelNames: ['backend'],
      registers,
    });
    this.#objects = new Counter({
      name: name('objects_total'),
      help: 'Objects in packs: all that were sent, those sent as deltas, those copied as they lay on disk',
      labelNames: ['backend', 'kind'],
      registers,
    });
    this.#cache = new Counter({
      name: name('pack_cache_total'),
      help: 'Packs that were found in the cache, shared with a request that was building them, or built',
      labelNames: ['outcome'],
      registers,
    });
    this.#rejected = new Counter({
      name: name('rejections_total'),
      help: 'Requests that were turned away',
      labelNames: ['reason'],
      registers,
    });
    this.#steering = new Counter({
      name: name('steering_total'),
      help: 'Fetches of repositories with mirror.steer: those sent to a mirror, and why the others were not',
      labelNames: ['outcome'],
      registers,
    });
  }

  /** Counts what became of a fetch that might have been sent to a mirror. */
  readonly steered = (outcome: SteeringOutcome): void => {
    this.#steering.inc({ outcome });
  };

  begin(): (record: RequestRecord) => void {
    this.#active.inc();
    return (record) => {
      this.#active.dec();
      this.#count(record);
    };
  }

  #count(record: RequestRecord): void {
    const { facts, phases, requestBytes, responseBytes, status } = record;
    const backend = record.backend ?? 'none';
    const result = resultOf(record);
    const filter = filterOf(record);
    const labels = { backend, command: commandOf(record), filter, result };
    this.#requests.inc(labels);
    this.#seconds.observe(labels, record.durationMs / 1000);
    this.#bytes.inc({ backend, direction: 'received' }, requestBytes);
    this.#bytes.inc({ backend, direction: 'sent' }, responseBytes);
    for (const [phase, ms] of sumPhases(phases)) this.#phases[phase].observe({ backend, filter, result }, ms / 1000);
    this.#packBytes.inc({ backend }, facts.packBytes ?? 0);
    this.#objects.inc({ backend, kind: 'sent' }, facts.objects ?? 0);
    this.#objects.inc({ backend, kind: 'delta' }, facts.deltas ?? 0);
    this.#objects.inc({ backend, kind: 'reused' }, facts.reused ?? 0);
    if (facts.cache !== undefined) this.#cache.inc({ outcome: facts.cache });
    const reason = rejections[status] ?? (status < 400 && facts.refusal !== undefined ? 'protocol' : undefined);
    if (reason !== undefined) this.#rejected.inc({ reason });
  }
}

/** Time of each phase that happened, all its parts together. */
function sumPhases(phases: RequestRecord['phases']): ReadonlyMap<UploadPhase, number> {
  const sums = new Map<UploadPhase, number>();
  for (const { phase, startMs, endMs } of phases) {
    sums.set(phase, (sums.get(phase) ?? 0) + Math.max(0, endMs - startMs));
  }
  return sums;
}

function commandOf({ facts, path, service }: RequestRecord): string {
  if (service === 'git-receive-pack' || path === 'git-receive-pack') return 'push';
  if (facts.command !== undefined && commands.has(facts.command)) return facts.command;
  if (service !== undefined) return 'advertise';
  if (path === 'git-upload-pack') return 'upload-pack';
  return path === undefined ? 'other' : 'file';
}

function filterOf({ facts }: RequestRecord): string {
  const filter = facts.filter ?? 'none';
  return filterKinds.has(filter) ? filter : 'other';
}
