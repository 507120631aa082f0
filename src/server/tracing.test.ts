import { propagation, trace } from '@opentelemetry/api';
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { RequestRecord } from './request-record.ts';
import { RequestTracing } from './tracing.ts';

let exporter: InMemorySpanExporter;
let tracing: RequestTracing;

beforeEach(() => {
  exporter = new InMemorySpanExporter();
  const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
  tracing = new RequestTracing(provider.getTracer('test'));
});
afterEach(() => {
  propagation.disable();
  trace.disable();
});

const record: RequestRecord = {
  method: 'POST',
  repository: 'a.git',
  path: 'git-upload-pack',
  service: undefined,
  status: 200,
  requestBytes: 100,
  responseBytes: 2000,
  startMs: 1_700_000_000_000,
  durationMs: 1500,
  isAbandoned: false,
  backend: 'native',
  gitProtocol: 'version=2',
  facts: {
    protocol: 2,
    command: 'fetch',
    filter: 'none',
    wants: 1,
    sessionId: 'client\u001b[31m-sid',
    serverSessionId: 'server-sid',
    agent: 'git/2.39.5',
  },
  phases: [
    { phase: 'parse', startMs: 1_700_000_000_000, endMs: 1_700_000_000_001.5 },
    { phase: 'negotiate', startMs: 1_700_000_000_001.5, endMs: 1_700_000_000_010 },
    { phase: 'traverse', startMs: 1_700_000_000_010, endMs: 1_700_000_000_100 },
    { phase: 'compress', startMs: 1_700_000_000_100, endMs: 1_700_000_000_200 },
    { phase: 'stream', startMs: 1_700_000_000_200, endMs: 1_700_000_001_000 },
  ],
};

const msOf = ([seconds, nanoseconds]: readonly [number, number]): number => seconds * 1000 + nanoseconds / 1e6;

test('a request is a span with a child for each phase, at the times of the work', () => {
  tracing.begin({})(record);
  const spans = exporter.getFinishedSpans();
  expect(spans.map(({ name }) => name)).toEqual([
    'git-mirror.parse',
    'git-mirror.negotiate',
    'git-mirror.traverse',
    'git-mirror.compress',
    'git-mirror.stream',
    'git-mirror.request',
  ]);
  const request = spans.at(-1);
  for (const [index, child] of spans.slice(0, -1).entries()) {
    expect(child.parentSpanContext?.spanId).toBe(request?.spanContext().spanId);
    expect(msOf(child.startTime)).toBeCloseTo(record.phases[index]?.startMs ?? 0, 2);
    expect(msOf(child.endTime)).toBeCloseTo(record.phases[index]?.endMs ?? 0, 2);
  }
});

test('every span carries the session, the repository, the filter and the protocol', () => {
  tracing.begin({})(record);
  for (const { attributes } of exporter.getFinishedSpans()) {
    expect(attributes).toMatchObject({
      'git.repository': 'a.git',
      'git.backend': 'native',
      'git.protocol_version': 2,
      'git.command': 'fetch',
      'git.filter': 'none',
      'git.session_id': 'server-sid',
      'git.client.session_id': 'client-sid',
    });
  }
  expect(exporter.getFinishedSpans().at(-1)?.attributes).toMatchObject({
    'http.response.status_code': 200,
    'git.wants': 1,
    'git.client.agent': 'git/2.39.5',
    'git.result': 'ok',
  });
});

test('a request that fails by our fault is an error, one that is refused is none', () => {
  tracing.begin({})({ ...record, status: 500, error: 'disk gone', phases: [] });
  tracing.begin({})({ ...record, status: 404, phases: [] });
  expect(exporter.getFinishedSpans().map(({ status }) => status)).toEqual([
    { code: 2, message: 'disk gone' },
    { code: 0 },
  ]);
});

test('a traceparent header is honoured by the propagator of the process', () => {
  const parent = { traceId: 'ab'.repeat(16), spanId: 'cd'.repeat(8), traceFlags: 1, isRemote: true };
  propagation.setGlobalPropagator({
    inject: () => undefined,
    fields: () => ['traceparent'],
    extract: (context, carrier, getter) =>
      getter.get(carrier, 'traceparent') === undefined ? context : trace.setSpanContext(context, parent),
  });
  tracing.begin({ traceparent: 'x' })(record);
  for (const span of exporter.getFinishedSpans()) expect(span.spanContext().traceId).toBe(parent.traceId);
  expect(exporter.getFinishedSpans().at(-1)?.parentSpanContext?.spanId).toBe(parent.spanId);
});

test('without an SDK nothing happens', () => {
  expect(() => {
    new RequestTracing().begin({})(record);
  }).not.toThrow();
});
