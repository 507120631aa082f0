import type { Host, StopSignal } from '../../src/cli/host.ts';
import { run } from '../../src/cli/run.ts';
import type { NotifyOutcome } from '../../src/client/notify-origin.ts';
import type { Announcement } from '../../src/node/announce-repository.ts';
import type { ServeOptions } from '../../src/node/run-serve.ts';
import type { UpOptions } from '../../src/node/run-up.ts';
import type { Options } from '../../src/sync/client.ts';
import type { CallOptions } from '../../src/sync/progress.ts';
import type { PlanRequest, ProbeRequest } from '../../src/sync/request.ts';
import type { ProbeResult, SyncCounts, SyncResult } from '../../src/sync/result.ts';
import { validateProbeRequest, validateSyncRequest } from '../../src/sync/validate-request.ts';
import type { EndpointAuth } from '../../src/transport/endpoint.ts';

const noStats = { enabled: false, items: {}, sides: [], elapsedMs: 0 };
const noMeasurement = { enabled: false, elapsedMillis: 5, peakHeapBytes: 0, peakRssBytes: 0 };
/** No ref in any way. */
export const noRefs: SyncCounts = { applied: 0, skipped: 0, blocked: 0, deleted: 0, warned: 0 };

/** A sync with nothing to do. */
export const syncResult: SyncResult = {
  sourceUrl: '/one.git',
  targetUrl: '/two.git',
  refs: [],
  counts: noRefs,
  execution: {
    dryRun: false,
    protocol: 'v2',
    operationMode: 'sync',
    relay: true,
    transferMode: 'none',
    reason: 'every ref is up to date',
    bootstrapSuggested: false,
    sourceHead: 'refs/heads/main',
    batch: { enabled: false, planned: 0, done: 0 },
  },
  stats: noStats,
  measurement: noMeasurement,
};

/** A probe of a source with one branch. */
export const probeResult: ProbeResult = {
  sourceUrl: '/one.git',
  targetUrl: '/two.git',
  requestedMode: 'auto',
  protocol: 'v2',
  refPrefixes: ['refs/heads/'],
  sourceCapabilities: ['ls-refs=unborn', 'fetch=shallow'],
  targetCapabilities: ['report-status', 'atomic'],
  refs: [{ name: 'refs/heads/main', hash: 'a'.repeat(40) }],
  sourceHead: 'refs/heads/main',
  stats: noStats,
  measurement: noMeasurement,
};

/** A call of the library. */
export interface Call {
  readonly method: string;
  readonly request: PlanRequest | ProbeRequest;
  readonly options: CallOptions;
}

/** A process in which nothing is real; requests are checked as the library checks them. */
export class FakeHost implements Host {
  env: NodeJS.ProcessEnv = {};
  out = '';
  err = '';
  input = '';
  inputReads = 0;
  calls: Call[] = [];
  clientOptions: Options | undefined;
  exits: number[] = [];
  listeners = new Set<(signal: StopSignal) => void>();
  answer: (call: Call) => Promise<SyncResult | ProbeResult> = async ({ method }) =>
    method === 'probe' ? probeResult : syncResult;
  stdout = { write: (text: string) => (this.out += text), isTTY: false, columns: undefined as number | undefined };
  stderr = { write: (text: string) => (this.err += text), isTTY: false, columns: undefined as number | undefined };

  readStandardInput = async (): Promise<string> => {
    this.inputReads += 1;
    return this.input;
  };

  openClient: Host['openClient'] = async (options) => {
    this.clientOptions = options;
    const call =
      (method: string, mode?: 'sync' | 'replicate') =>
      async (request: PlanRequest, callOptions: CallOptions = {}): Promise<SyncResult> => {
        await validateSyncRequest(request, mode);
        this.calls.push({ method, request, options: callOptions });
        return (await this.answer({ method, request, options: callOptions })) as SyncResult;
      };
    return {
      probe: async (request, callOptions = {}) => {
        validateProbeRequest(request);
        this.calls.push({ method: 'probe', request, options: callOptions });
        return (await this.answer({ method: 'probe', request, options: callOptions })) as ProbeResult;
      },
      plan: call('plan'),
      sync: call('sync', 'sync'),
      replicate: call('replicate', 'replicate'),
      bootstrap: call('bootstrap', 'sync'),
    };
  };

  upOptions: UpOptions | undefined;
  runUp: Host['runUp'] = async (options) => {
    this.upOptions = options;
    options.write('a line\n');
    return 0;
  };

  serveOptions: ServeOptions | undefined;
  runServe: Host['runServe'] = async (options) => {
    this.serveOptions = options;
    options.write('a line\n');
    return 0;
  };

  announcement: Announcement | undefined;
  announceOutcome: NotifyOutcome = { kind: 'ok' };
  announceRepository: Host['announceRepository'] = async (announcement) => {
    this.announcement = announcement;
    return { digest: 'd'.repeat(64), outcome: this.announceOutcome };
  };

  onStopSignal = (listener: (signal: StopSignal) => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  exitNow = (status: number): void => {
    this.exits.push(status);
  };

  send(signal: StopSignal): void {
    for (const listener of this.listeners) listener(signal);
  }

  run(...words: string[]): Promise<number> {
    return run(words, this);
  }

  /** What the client was told to present to the source and to the target. */
  async credentials(): Promise<readonly (EndpointAuth | undefined)[]> {
    const endpoint = { url: 'https://host/x' };
    const auth = this.clientOptions?.auth;
    return Promise.all([auth?.authFor(endpoint, 'source'), auth?.authFor(endpoint, 'target')]);
  }

  get request(): unknown {
    return this.calls[0]?.request;
  }
}
