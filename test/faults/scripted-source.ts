import type { ObjectFormat } from '../../src/core/object-id.ts';
import type { Repository } from '../repositories/repository.ts';
import { runGitForBytes } from '../repositories/run-git.ts';
import { startFaultyServer, type FaultyExchange, type FaultyServer } from '../servers/faulty.ts';

/** What a source that speaks protocol version 2 over HTTP says. All parts are optional: the rest is as it should be. */
export interface SourceScript {
  /** Answers `info/refs`. */
  readonly advertise?: ((exchange: FaultyExchange) => void | Promise<void>) | undefined;
  /** Lines of the `ls-refs` answer, without line ends. */
  readonly refs?: readonly (string | Uint8Array)[] | undefined;
  /** Answers `ls-refs`, instead of `refs`. */
  readonly list?: ((exchange: FaultyExchange) => void | Promise<void>) | undefined;
  /** Answers `fetch`. `pack` is a whole pack with everything the repository has. */
  readonly fetch?: ((exchange: FaultyExchange, pack: Buffer) => void | Promise<void>) | undefined;
}

export const resultHeaders = { 'Content-Type': 'application/x-git-upload-pack-result' };

/** Headers of an advertisement of `service`. */
export function advertisementHeaders(service: string): Readonly<Record<string, string>> {
  return { 'Content-Type': `application/x-${service}-advertisement` };
}

/** One packet. */
export function packet(payload: string | Uint8Array): Buffer {
  const bytes = Buffer.from(payload);
  return Buffer.concat([Buffer.from((bytes.length + 4).toString(16).padStart(4, '0')), bytes]);
}

export const flush = Buffer.from('0000');

/** Bytes of a band, cut into packets. */
export function band(number: number, data: Uint8Array): Buffer {
  const packets: Buffer[] = [];
  for (let offset = 0; offset < data.length; offset += 8000) {
    packets.push(packet(Buffer.concat([Buffer.of(number), data.subarray(offset, offset + 8000)])));
  }
  return Buffer.concat(packets);
}

/** The beginning of a fetch answer that only has a pack. */
export const packSection = packet('packfile\n');

/** A good advertisement of protocol version 2. */
export function capabilityAdvertisement(format: ObjectFormat = 'sha1'): Buffer {
  const lines = ['version 2\n', 'agent=git/scripted\n', 'ls-refs=unborn\n', 'fetch=shallow filter\n'];
  lines.push(`object-format=${format}\n`);
  return Buffer.concat([packet('# service=git-upload-pack\n'), flush, ...lines.map(packet), flush]);
}

/** Starts a body of unknown length. */
export function beginChunked(exchange: FaultyExchange, headers: Readonly<Record<string, string>>): void {
  const text = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  exchange.write(`HTTP/1.1 200 OK\r\n${text.join('')}Transfer-Encoding: chunked\r\n\r\n`);
}

/** One chunk of a body begun with {@link beginChunked}; an empty one ends it. */
export function writeChunk(exchange: FaultyExchange, data: Uint8Array): void {
  exchange.write(`${data.length.toString(16)}\r\n`);
  exchange.write(data);
  exchange.write('\r\n');
}

/** Sends what `next` gives, as fast as it is taken, until the other side has gone. */
export async function writeForever(exchange: FaultyExchange, next: () => Uint8Array): Promise<void> {
  const { socket } = exchange;
  while (!socket.destroyed && socket.writable) {
    if (socket.write(next())) {
      await new Promise((resolve) => setImmediate(resolve));
    } else {
      await new Promise<void>((resolve) => {
        const go = (): void => {
          for (const event of ['drain', 'close', 'end', 'error']) socket.off(event, go);
          resolve();
        };
        for (const event of ['drain', 'close', 'end', 'error']) socket.on(event, go);
      });
    }
  }
}

/** Starts a source that has what `repository` has, but for what `script` says. */
export async function startScriptedSource(repository: Repository, script: SourceScript): Promise<FaultyServer> {
  const pack = await runGitForBytes(['pack-objects', '--all', '--stdout', '-q'], { cwd: repository.path });
  const refs = script.refs ?? [...(await repository.refs())].map(([name, oid]) => `${oid} ${name}`);
  return startFaultyServer(async (exchange) => {
    // Connections that are cut are what some of the tests are about.
    exchange.socket.on('error', () => undefined);
    if (exchange.method === 'GET') {
      if (script.advertise !== undefined) await script.advertise(exchange);
      else exchange.answer(200, advertisementHeaders('git-upload-pack'), capabilityAdvertisement());
      return;
    }
    const request = (await exchange.readBody()).toString('latin1');
    if (request.includes('command=ls-refs')) {
      if (script.list !== undefined) await script.list(exchange);
      else exchange.answer(200, resultHeaders, listing(refs));
    } else if (script.fetch !== undefined) await script.fetch(exchange, pack);
    else exchange.answer(200, resultHeaders, Buffer.concat([packSection, band(1, pack), flush]));
  });
}

/** An `ls-refs` answer. */
export function listing(lines: readonly (string | Uint8Array)[]): Buffer {
  return Buffer.concat([...lines.map((line) => packet(Buffer.concat([Buffer.from(line), Buffer.from('\n')]))), flush]);
}
