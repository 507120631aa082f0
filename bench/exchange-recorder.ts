import { Agent, type Dispatcher } from 'undici';

/** What must have happened to an earlier request before this one is sent. */
interface Condition {
  readonly request: number;
  readonly event: 'headers' | 'end';
}

/** A request as it went out, its body complete. */
export interface RecordedExchange {
  readonly method: Dispatcher.HttpMethod;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array | undefined;
  /** What had happened when it was sent. */
  readonly after: readonly Condition[];
}

interface Exchange extends Omit<RecordedExchange, 'body'> {
  readonly body: Uint8Array[] | undefined;
  gotHeaders: boolean;
  ended: boolean;
}

/** A dispatcher that remembers every request, and what each had waited for. */
export class ExchangeRecorder {
  readonly dispatcher: Dispatcher;
  readonly #agent = new Agent();
  readonly #exchanges: Exchange[] = [];

  constructor() {
    this.dispatcher = this.#agent.compose((dispatch) => (options, handler) => {
      const exchange = this.#begin(options);
      return dispatch({ ...options, body: watched(options.body ?? null, exchange) }, noting(handler, exchange));
    });
  }

  /** The requests so far, in the order in which they were sent. */
  get exchanges(): readonly RecordedExchange[] {
    return this.#exchanges.map(({ method, path, headers, body, after }) => ({
      method,
      path,
      headers,
      body: body === undefined ? undefined : Buffer.concat(body),
      after,
    }));
  }

  async close(): Promise<void> {
    await this.#agent.close();
  }

  #begin({ method, path, headers, body }: Dispatcher.DispatchOptions): Exchange {
    const after = this.#exchanges.flatMap(({ gotHeaders, ended }, request): Condition[] =>
      ended ? [{ request, event: 'end' }] : gotHeaders ? [{ request, event: 'headers' }] : [],
    );
    const exchange: Exchange = {
      method,
      path,
      headers: headers as Readonly<Record<string, string>>,
      body: body === null || body === undefined ? undefined : [],
      after,
      gotHeaders: false,
      ended: false,
    };
    this.#exchanges.push(exchange);
    return exchange;
  }
}

/** The body of a request as the dispatcher takes it. */
type RequestBody = Exclude<Dispatcher.DispatchOptions['body'], undefined>;

/** `body`, with what is sent of it kept in the exchange. */
function watched(body: RequestBody, { body: kept }: Exchange): RequestBody {
  if (kept === undefined || body === null) return body;
  if (body instanceof Uint8Array) {
    kept.push(body);
    return body;
  }
  const chunks = body as unknown as AsyncIterable<Uint8Array>;
  async function* keep(): AsyncGenerator<Uint8Array, void, void> {
    for await (const chunk of chunks) {
      kept?.push(chunk.slice());
      yield chunk;
    }
  }
  return keep() as unknown as RequestBody;
}

/** `handler`, with the events that matter noted in the exchange. */
function noting(handler: Dispatcher.DispatchHandler, exchange: Exchange): Dispatcher.DispatchHandler {
  return {
    onRequestStart: (...words) => handler.onRequestStart?.(...words),
    onResponseStart: (...words) => {
      exchange.gotHeaders = true;
      handler.onResponseStart?.(...words);
    },
    onResponseData: (...words) => handler.onResponseData?.(...words),
    onResponseEnd: (...words) => {
      exchange.ended = true;
      handler.onResponseEnd?.(...words);
    },
    onResponseError: (...words) => handler.onResponseError?.(...words),
  };
}
