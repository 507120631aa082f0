import { createServer, request as sendRequest, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

/** What a front does to the traffic with the server behind it. */
export interface FrontRules {
  /** Bodies of pushes beyond so many bytes never reach the server. */
  readonly maxPushBytes?: number | undefined;
  /** How those are answered. Default 413. */
  readonly refusal?: 408 | 413 | 504 | undefined;
  /** Answer as soon as the bound is passed, or after the whole body. Default at once. */
  readonly refuseAtEnd?: boolean | undefined;
  /** How fast the body of push number 1, 2, … is taken. Default, and for undefined: as it comes. */
  readonly bytesPerSecond?: ((push: number) => number | undefined) | undefined;
  /** Called with the number of the push, from 1, when its first bytes are there and before the server hears of it. */
  readonly onPush?: ((push: number) => void | Promise<void>) | undefined;
  /** Called while bodies of pushes pass, with the number of the push and its bytes so far. */
  readonly onPushBytes?: ((push: number, bytes: number) => void) | undefined;
  /** Changes an advertisement on its way to the client. */
  readonly advertisement?: ((body: string) => string) | undefined;
  /** Changes the answer to a POST; when it throws, the connection is cut. */
  readonly answer?: ((body: AsyncIterable<Buffer>) => AsyncIterable<Buffer>) | undefined;
}

/** A push as the front saw it. */
export interface SeenPush {
  bytes: number;
  /** 0 while there is no answer. */
  status: number;
}

/** A running front. */
export interface Front {
  /** Without a slash at the end. */
  readonly url: string;
  /** Pushes so far. */
  readonly pushes: readonly SeenPush[];
  close(): Promise<void>;
}

/** Starts an HTTP front on a loopback port that passes everything on to the server at `upstream`, by its rules. */
export async function startFront(upstream: string, rules: FrontRules): Promise<Front> {
  const pushes: SeenPush[] = [];
  const server = createServer((request, response) => {
    const isPush = request.method === 'POST' && request.url?.endsWith('/git-receive-pack') === true;
    const handled = isPush ? passPush(request, response) : pass(request, response, request);
    handled.catch(() => {
      response.destroy();
    });
  });

  async function passPush(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const push: SeenPush = { bytes: 0, status: 0 };
    pushes.push(push);
    const number = pushes.length;
    response.on('finish', () => {
      push.status = response.statusCode;
    });
    await rules.onPush?.(number);
    if (response.destroyed) return;
    const { maxPushBytes, refuseAtEnd = false } = rules;
    const paced = watch(request, push, number);
    if (maxPushBytes === undefined) {
      await pass(request, response, paced);
      return;
    }
    const chunks: Buffer[] = [];
    for await (const chunk of paced) {
      if (push.bytes <= maxPushBytes) chunks.push(chunk);
      else if (!refuseAtEnd) break;
    }
    if (push.bytes > maxPushBytes) {
      response.writeHead(rules.refusal ?? 413, { Connection: 'close', 'Content-Type': 'text/plain' });
      response.end('This is more than this server takes.\n');
      return;
    }
    await pass(request, response, chunks);
  }

  async function* watch(request: IncomingMessage, push: SeenPush, number: number): AsyncGenerator<Buffer, void, void> {
    // Leaving the loop must not cut the connection before the answer is out.
    for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      push.bytes += chunk.length;
      rules.onPushBytes?.(number, push.bytes);
      yield chunk;
      const rate = rules.bytesPerSecond?.(number);
      if (rate !== undefined) await delay((chunk.length * 1000) / rate);
    }
  }

  async function pass(
    request: IncomingMessage,
    response: ServerResponse,
    body: AsyncIterable<Buffer> | Iterable<Buffer>,
  ): Promise<void> {
    const onward = sendRequest(upstream + (request.url ?? '/'), { method: request.method, headers: request.headers });
    response.on('close', () => onward.destroy());
    const answered = new Promise<IncomingMessage>((resolve, reject) => {
      onward.on('response', resolve);
      onward.on('error', reject);
    });
    // Seen when it is awaited; a server may answer before the body has ended.
    answered.catch(() => undefined);
    for await (const chunk of body) if (!onward.write(chunk)) await drained(onward);
    onward.end();
    await passAnswer(request, await answered, response);
  }

  async function passAnswer(
    request: IncomingMessage,
    answer: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> {
    const { 'content-length': length, ...headers } = answer.headers;
    const isAdvertisement = request.url?.includes('/info/refs') === true;
    const { advertisement, answer: change } = rules;
    if (isAdvertisement && advertisement !== undefined) {
      const chunks: Buffer[] = [];
      for await (const chunk of answer) chunks.push(chunk as Buffer);
      response.writeHead(answer.statusCode ?? 500, headers);
      response.end(Buffer.from(advertisement(Buffer.concat(chunks).toString('latin1')), 'latin1'));
    } else if (!isAdvertisement && change !== undefined) {
      response.writeHead(answer.statusCode ?? 500, headers);
      for await (const chunk of change(answer as AsyncIterable<Buffer>)) {
        if (!response.write(chunk)) await drained(response);
      }
      response.end();
    } else {
      response.writeHead(answer.statusCode ?? 500, length === undefined ? headers : answer.headers);
      answer.pipe(response);
    }
  }

  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${String(port)}`,
    pushes,
    async close() {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}

async function drained(stream: NodeJS.EventEmitter & { readonly destroyed: boolean }): Promise<void> {
  if (stream.destroyed) return;
  await new Promise<void>((resolve) => {
    const go = (): void => {
      stream.off('drain', go);
      stream.off('close', go);
      resolve();
    };
    stream.on('drain', go);
    stream.on('close', go);
  });
}

/** Answers are cut off after so many bytes. */
export function cutAfter(bytes: number): NonNullable<FrontRules['answer']> {
  return async function* cut(body) {
    let left = bytes;
    for await (const chunk of body) {
      yield chunk.subarray(0, left);
      left -= chunk.length;
      // Time for what was sent to arrive, since cutting the connection throws away what is on its way.
      if (left <= 0) {
        await delay(50);
        throw new Error('cut off by the front');
      }
    }
  };
}

/** Hides capabilities in an advertisement: each becomes one of the same length that means nothing. */
export function hideCapabilities(...names: readonly string[]): (body: string) => string {
  return (body) => {
    const pattern = new RegExp(`(?<=[ \\0])(?:${names.join('|')})(?=[ \\n=]|$)`, 'gm');
    return body.replace(pattern, (name) => 'x'.repeat(name.length));
  };
}
