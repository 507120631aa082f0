// What runs in each thread of the pool: exchanges, several at a time, taking turns at each pause of their loops.
import { parentPort, workerData } from 'node:worker_threads';
import { GitMirrorError } from '../../core/error.ts';
import { openKernel } from '../../kernel/open-kernel.ts';
import { ParallelDeltaSearcher } from '../../packing/parallel-delta-searcher.ts';
import type { PackCache } from '../../packing/pack-cache.ts';
import { RepositoryCache, type RepositoryLease } from '../../repository/open-repository.ts';
import type { Repository } from '../../repository/repository.ts';
import { serveUploadPack } from '../../upload/serve-upload-pack.ts';
import { AskedMirrors } from './asked-mirrors.ts';
import { CreditSink } from './credit-sink.ts';
import { PulledInput } from './pulled-input.ts';
import { SegmentWorker } from './segment-worker.ts';
import { decodeThreadError, encodeThreadError } from './thread-error.ts';
import type { PackClaim } from './pack-ledger.ts';
import type { ExchangeStart, FromWorker, ToWorker, WorkerSettings } from './thread-messages.ts';
import { WorkerPackCache } from './worker-pack-cache.ts';

interface RunningExchange {
  readonly controller: AbortController;
  readonly input: PulledInput;
  readonly sink: CreditSink;
  readonly mirrors: AskedMirrors;
}

const port = parentPort;
if (port === null) throw new GitMirrorError('GM_INTERNAL', 'This file is the entry of a worker thread');

const settings = workerData as WorkerSettings;
const repositories = new RepositoryCache({ kernel: openKernel(), env: settings.env });
const segments = new SegmentWorker(repositories, settings.searchThreads, (message) => {
  post(message);
});
const running = new Map<number, RunningExchange>();
const claims = new Map<number, (answer: PackClaim) => void>();
let nextClaim = 0;
const packs = new WorkerPackCache({
  claim: (key) => {
    const claim = nextClaim++;
    return new Promise((resolve) => {
      claims.set(claim, resolve);
      post({ type: 'pack-claim', claim, key });
    });
  },
  leave: (pack) => {
    post({ type: 'pack-leave', pack });
  },
  update: (pack, state) => {
    post({ type: 'pack-update', pack, state });
  },
});

function post(message: FromWorker, transfer: readonly ArrayBuffer[] = []): void {
  port?.postMessage(message, transfer);
}

async function begin(id: number, start: ExchangeStart): Promise<void> {
  const exchange: RunningExchange = {
    controller: new AbortController(),
    input: new PulledInput(() => {
      post({ type: 'pull', id });
    }),
    sink: new CreditSink(
      (chunk) => {
        post({ type: 'output', id, chunk }, [chunk.buffer]);
      },
      (range) => {
        post({ type: 'output-file', id, range });
      },
    ),
    mirrors: new AskedMirrors((ask, question) => {
      post({ type: 'mirrors-ask', id, ask, question });
    }),
  };
  running.set(id, exchange);
  const cache = packs.forExchange();
  let lease: RepositoryLease | undefined;
  try {
    lease = repositories.acquire(start.directory);
    await serve(id, start, exchange, lease.repository, cache);
    exchange.sink.flush();
    post({ type: 'end', id });
  } catch (error) {
    exchange.sink.flush();
    post({ type: 'failed', id, error: encodeThreadError(error) });
  } finally {
    running.delete(id);
    exchange.sink.fail(new GitMirrorError('GM_INTERNAL', 'The exchange is over'));
  }
  // A pack that others wait for is still being made from this repository.
  await cache.settled();
  lease?.release();
}

async function serve(
  id: number,
  start: ExchangeStart,
  { controller, input, sink, mirrors }: RunningExchange,
  repository: Repository,
  cache: PackCache,
): Promise<void> {
  await serveUploadPack({
    repository,
    gitProtocol: start.gitProtocol,
    namespace: start.namespace,
    mode: start.mode,
    input,
    output: sink,
    limits: start.limits,
    searcher: new ParallelDeltaSearcher(segments.runnerFor(start.directory)),
    cache,
    mirrors: start.hasMirrors ? mirrors : undefined,
    observer: {
      phase: (phase, startMs, endMs) => {
        post({ type: 'phase', id, phase, startMs, endMs });
      },
      facts: (facts) => {
        post({ type: 'facts', id, facts });
      },
    },
    signal: controller.signal,
  });
}

function receive(message: ToWorker): void {
  switch (message.type) {
    case 'start':
      void begin(message.id, message.start);
      break;
    case 'input':
      running.get(message.id)?.input.push(message.chunk);
      break;
    case 'input-failed':
      running.get(message.id)?.input.fail(decodeThreadError(message.error));
      break;
    case 'credit':
      running.get(message.id)?.sink.credit(message.bytes);
      break;
    case 'file-taken':
      running.get(message.id)?.sink.fileTaken();
      break;
    case 'mirrors-answer':
      running.get(message.id)?.mirrors.receive(message.ask, message.outcome);
      break;
    case 'abort':
      abort(message.id, decodeThreadError(message.error));
      break;
    case 'pack-claimed':
      claims.get(message.claim)?.(message.answer);
      claims.delete(message.claim);
      break;
    case 'pack-state':
      packs.receive(message.pack, message.state);
      break;
    case 'pack-unwanted':
      packs.stop(message.pack);
      break;
    default:
      segments.receive(message);
  }
}

function abort(id: number, reason: unknown): void {
  const exchange = running.get(id);
  exchange?.controller.abort(reason);
  exchange?.input.fail(reason);
  exchange?.sink.fail(reason);
  exchange?.mirrors.fail(reason);
}

port.on('message', receive);
post({ type: 'ready' });
