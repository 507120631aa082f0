import { randomBytes } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { deflateSync, gunzipSync } from 'node:zlib';
import { runGitForBytes } from '../../repositories/run-git.ts';
import type { HttpMiddleware } from '../../servers/http-backend.ts';

/** Longest payload of one packet with a sideband byte in front. */
const pieceBytes = 32 * 1024;

/** The request, when it is one that is answered with a pack. */
async function fetchRequest(request: IncomingMessage): Promise<string | undefined> {
  if (request.method !== 'POST' || request.url?.endsWith('/git-upload-pack') !== true) return undefined;
  // The body is put back for whoever answers.
  const chunks: Buffer[] = [];
  for (;;) {
    const chunk = request.read() as Buffer | null;
    if (chunk !== null) chunks.push(chunk);
    else if (chunks.length > 0 || request.readableEnded) break;
    else await new Promise((resolve) => request.once('readable', resolve));
  }
  const body = Buffer.concat(chunks);
  request.unshift(body);
  const start = inflated(request, body).toString('latin1', 0, 64 * 1024);
  return /^....command=fetch|^....want /.test(start) ? start : undefined;
}

/** Changes a byte of each pack, some way behind its head. */
export const corrupting: HttpMiddleware = (request, response) => {
  changeAnswer(response, (chunk, from) => {
    const at = chunk.indexOf('PACK');
    const place = at < 0 ? -1 : at + 100;
    if (request.method !== 'POST' || place < 0 || place >= chunk.length) return chunk;
    const changed = Buffer.from(chunk);
    changed[place] = ((changed[place] ?? 0) + 1 + (from % 2)) & 0xff;
    return changed;
  });
  return false;
};

/** Ends each pack early, as if it had been all. */
export const truncating: HttpMiddleware = async (request, response) => {
  if ((await fetchRequest(request)) === undefined) return false;
  let isOver = false;
  changeAnswer(response, (chunk) => {
    if (isOver) return Buffer.alloc(0);
    const at = chunk.indexOf('PACK');
    if (at < 0) return chunk;
    isOver = true;
    // The packet that holds the head of the pack, cut after 64 bytes, with its length made right.
    return Buffer.concat([chunk.subarray(0, at - 5), packet(1, chunk.subarray(at, at + 64)), Buffer.from('0000')]);
  });
  return false;
};

/** Sends a pack that is well formed and has no end: a million blobs of noise, 16 GiB. */
export const endless: HttpMiddleware = async (request, response) => {
  const asked = await fetchRequest(request);
  if (asked === undefined) return false;
  request.resume();
  response.writeHead(200, { 'Content-Type': 'application/x-git-upload-pack-result' });
  response.write(Buffer.concat([beforePack(asked), packet(1, Buffer.from('5041434b0000000200100000', 'hex'))]));
  const blob = (): Buffer => {
    const content = randomBytes(pieceBytes / 2);
    // Type 3 with a size of 15 bits: 4 in the first byte, 7 in the second, 4 in the third.
    const size = content.length;
    const head = Buffer.of(0xb0 | (size & 15), 0x80 | ((size >> 4) & 127), size >> 11);
    return packet(1, Buffer.concat([head, deflateSync(content)]));
  };
  const left = gone(response);
  while (!response.destroyed) {
    if (!response.write(blob())) await Promise.race([new Promise((resolve) => response.once('drain', resolve)), left]);
  }
  return true;
};

/** Sends the commits that are asked for, and nothing of what they consist of. */
export function hollow(repositoryPath: () => string): HttpMiddleware {
  return async (request, response) => {
    const asked = await fetchRequest(request);
    if (asked === undefined) return false;
    request.resume();
    const wants = [...asked.matchAll(/want ([0-9a-f]{40})/g)].map(([, oid = '']) => oid);
    const input = `${wants.join('\n')}\n`;
    const pack = await runGitForBytes(['pack-objects', '--stdout', '-q'], { cwd: repositoryPath(), input });
    response.writeHead(200, { 'Content-Type': 'application/x-git-upload-pack-result' });
    response.end(Buffer.concat([beforePack(asked), packet(1, pack), Buffer.from('0000')]));
    return true;
  };
}

/** Sends everything, one byte a second. */
export const dripping: HttpMiddleware = async (request, response) => {
  const asked = await fetchRequest(request);
  if (asked === undefined) return false;
  request.resume();
  response.writeHead(200, { 'Content-Type': 'application/x-git-upload-pack-result' });
  response.write(Buffer.concat([beforePack(asked), packet(1, Buffer.from('5041434b0000000200000010', 'hex'))]));
  // The head of a long packet, and then its content.
  response.write(Buffer.from('03e8\u0001'));
  const left = gone(response);
  while (!response.destroyed) {
    response.write(Buffer.of(0x78));
    await Promise.race([delay(1000, undefined, { ref: false }), left]);
  }
  return true;
};

/** Is a page about something else. */
export const html: HttpMiddleware = (request, response) => {
  request.resume();
  response.writeHead(200, { 'Content-Type': 'text/html' });
  response.end('<!doctype html><title>Log in</title>\n<p>This network wants you to log in.\n');
  return true;
};

/** Sends everybody on to `target`. */
export function redirecting(target: string): HttpMiddleware {
  return (request, response) => {
    request.resume();
    const rest = (request.url ?? '').replace(/^\/[^/]+/, '');
    response.writeHead(302, { Location: target + rest });
    response.end();
    return true;
  };
}

/** Says nothing at all. */
export const silent: HttpMiddleware = async (request, response) => {
  request.resume();
  await gone(response);
  return true;
};

/** Asks for credentials, and notes what it gets. */
export function asking(seen: string[]): HttpMiddleware {
  return (request, response) => {
    request.resume();
    for (const name of ['authorization', 'cookie', 'x-secret']) {
      const value = request.headers[name];
      if (value !== undefined) seen.push(`${name}: ${String(value)}`);
    }
    response.writeHead(401, { 'WWW-Authenticate': 'Basic realm="mirror"' });
    response.end();
    return true;
  };
}

/** What stands in front of a pack: with haves, and no `done`, that there are enough of them. */
function beforePack(asked: string): Buffer {
  const isNegotiating = asked.includes('have ') && !asked.includes('0009done');
  const agreed = [text('acknowledgments\n'), text('ready\n'), Buffer.from('0001')];
  return Buffer.concat([...(isNegotiating ? agreed : []), text('packfile\n')]);
}

function inflated(request: IncomingMessage, body: Buffer): Buffer {
  return request.headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body;
}

function gone(response: ServerResponse): Promise<unknown> {
  return response.destroyed ? Promise.resolve() : new Promise((resolve) => response.once('close', resolve));
}

function text(line: string): Buffer {
  return Buffer.from((line.length + 4).toString(16).padStart(4, '0') + line);
}

function packet(band: number, payload: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from((payload.length + 5).toString(16).padStart(4, '0')), Buffer.of(band), payload]);
}

/** Lets `change` see each piece of the answer, and the place where it begins. */
function changeAnswer(response: ServerResponse, change: (chunk: Buffer, from: number) => Buffer): void {
  const write = response.write.bind(response) as (chunk: Buffer, done?: () => void) => boolean;
  let from = 0;
  response.write = ((chunk: Uint8Array, ...rest: unknown[]): boolean => {
    const changed = change(Buffer.from(chunk), from);
    from += chunk.length;
    const done = rest.find((value): value is () => void => typeof value === 'function');
    return write(changed, done);
  }) as typeof response.write;
}
