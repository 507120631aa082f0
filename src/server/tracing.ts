import {
  context,
  propagation,
  SpanKind,
  SpanStatusCode,
  trace,
  type Attributes,
  type Tracer,
} from '@opentelemetry/api';
import { version } from '../core/version.ts';
import { printableText } from '../wire/printable-text.ts';
import { resultOf, type RequestHeaders, type RequestRecord, type RequestWatcher } from './request-record.ts';

/** Longest text of a client's own that becomes an attribute. */
const maxClientText = 200;

/**
 * Spans of each request, for whatever OpenTelemetry SDK the process has registered; without one they cost nothing. The
 * span of the request is a child of the one in its `traceparent` header, if there is one; below it is a span for each of
 * `parse`, `negotiate`, `traverse`, `compress` and `stream`, with the times at which the work was done.
 */
export class RequestTracing implements RequestWatcher {
  readonly #tracer: Tracer;

  constructor(tracer: Tracer = trace.getTracer('git-mirror', version)) {
    this.#tracer = tracer;
  }

  begin(headers: RequestHeaders): (record: RequestRecord) => void {
    const parent = propagation.extract(context.active(), headers);
    const span = this.#tracer.startSpan('git-mirror.request', { kind: SpanKind.SERVER }, parent);
    return (record) => {
      if (!span.isRecording()) {
        span.end();
        return;
      }
      const shared = commonAttributes(record);
      span.setAttributes({ ...requestAttributes(record), ...shared });
      const inside = trace.setSpan(parent, span);
      for (const { phase, startMs, endMs } of record.phases) {
        const child = this.#tracer.startSpan(`git-mirror.${phase}`, { startTime: startMs, attributes: shared }, inside);
        child.end(Math.max(startMs, endMs));
      }
      if (resultOf(record) === 'failed') {
        span.setStatus({ code: SpanStatusCode.ERROR, message: record.error ?? `status ${record.status}` });
      }
      span.end();
    };
  }
}

/** What every span carries: enough to find all of one client's exchange. */
function commonAttributes({ repository, backend, facts }: RequestRecord): Attributes {
  return defined({
    'git.repository': repository,
    'git.backend': backend,
    'git.protocol_version': facts.protocol,
    'git.command': facts.command,
    'git.filter': facts.filter,
    'git.session_id': facts.serverSessionId,
    'git.client.session_id': clientText(facts.sessionId),
  });
}

function requestAttributes(record: RequestRecord): Attributes {
  const { facts } = record;
  return defined({
    'http.request.method': record.method,
    'http.response.status_code': record.status,
    'http.request.body.size': record.requestBytes,
    'http.response.body.size': record.responseBytes,
    'url.path': record.path,
    'git.client.agent': clientText(facts.agent),
    'git.wants': facts.wants,
    'git.haves': facts.haves,
    'git.objects': facts.objects,
    'git.deltas': facts.deltas,
    'git.reused': facts.reused,
    'git.pack_bytes': facts.packBytes,
    'git.cache': facts.cache,
    'git.refusal': clientText(facts.refusal),
    'git.result': resultOf(record),
  });
}

function clientText(text: string | undefined): string | undefined {
  return text === undefined ? undefined : printableText(text, maxClientText);
}

function defined(attributes: Readonly<Record<string, string | number | undefined>>): Attributes {
  return Object.fromEntries(Object.entries(attributes).filter(([, value]) => value !== undefined));
}
