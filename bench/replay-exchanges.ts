import { Agent } from 'undici';
import type { RecordedExchange } from './exchange-recorder.ts';

/** What came of a replay. */
export interface Replay {
  readonly wallMs: number;
}

/**
 * Sends recorded requests again over fresh connections and reads the answers to their end: what the exchanges cost by
 * themselves, when nobody has to make up the requests or to understand the answers. A request is sent as soon as what
 * it had waited for when it was recorded has happened again.
 */
export async function replayExchanges(
  origin: string,
  exchanges: readonly RecordedExchange[],
  pathOf: (path: string) => string,
): Promise<Replay> {
  const agent = new Agent();
  const startedAt = performance.now();
  const states = exchanges.map(() => ({
    headers: Promise.withResolvers<undefined>(),
    end: Promise.withResolvers<undefined>(),
  }));
  const send = async ({ method, path, headers, body, after }: RecordedExchange, index: number): Promise<void> => {
    for (const { request, event } of after) await states[request]?.[event].promise;
    const answer = await agent.request({ origin, path: pathOf(path), method, headers, body: body ?? null });
    states[index]?.headers.resolve(undefined);
    let bytes = 0;
    for await (const chunk of answer.body as AsyncIterable<Uint8Array>) bytes += chunk.length;
    if (answer.statusCode !== 200)
      throw new Error(`${method} ${path} was answered ${answer.statusCode} (${bytes} bytes)`);
    states[index]?.end.resolve(undefined);
  };
  try {
    await Promise.all(exchanges.map((exchange, index) => send(exchange, index)));
    return { wallMs: performance.now() - startedAt };
  } finally {
    await agent.destroy();
  }
}
