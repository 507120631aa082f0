import { spawn } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import type { ConnectOptions, ProtocolVersion } from '../../src/transport/connect-options.ts';
import type { GitService, ServiceConnection } from '../../src/transport/service-connection.ts';
import { PacketDecoder, PacketWriter, textOf, type Packet } from '../../src/wire/pkt-line.ts';

/** Options for connecting in a test, with the environment of the test besides `env`. */
export function connectOptions(
  service: GitService,
  protocol: ProtocolVersion,
  extra: Partial<ConnectOptions> = {},
): ConnectOptions {
  return {
    service,
    protocol,
    role: service === 'git-upload-pack' ? 'source' : 'target',
    userAgent: 'git-mirror/test',
    ...extra,
    env: { ...process.env, ...extra.env },
  };
}

/** Packets of one message after the other, from a connection of either mode. */
export class MessageSource {
  readonly #decoder = new PacketDecoder();
  #input: AsyncIterator<Uint8Array>;

  constructor(input: AsyncIterator<Uint8Array>) {
    this.#input = input;
  }

  /** The lines up to the next flush packet. */
  async readMessage(): Promise<string[]> {
    const lines: string[] = [];
    for (;;) {
      const packet = await this.#next();
      if (packet.type === 'flush') return lines;
      lines.push(packet.type === 'data' ? textOf(packet.payload) : packet.type);
    }
  }

  async #next(): Promise<Packet> {
    for (;;) {
      const packet = this.#decoder.next();
      if (packet !== undefined) return packet;
      const chunk = await this.#input.next();
      if (chunk.done === true) throw new Error('ended early');
      this.#decoder.push(chunk.value);
    }
  }

  /** Goes on with `input`, which is the same for a stateful connection. */
  follow(input: AsyncIterator<Uint8Array>): this {
    this.#input = input;
    return this;
  }
}

/** Reads a version 2 advertisement and lists the refs; `oid name` lines as the server sends them. */
export async function lsRefsV2(connection: ServiceConnection): Promise<{ capabilities: string[]; refs: string[] }> {
  const source = new MessageSource(connection.advertisement);
  const capabilities = await source.readMessage();
  const body = new PacketWriter().line('command=ls-refs').delim().line('ref-prefix refs/').flush().finish();
  return { capabilities, refs: await source.follow(await connection.request(body)).readMessage() };
}

/** Reads a version 0 or 1 advertisement: `oid name` lines, capabilities cut off. */
export async function readRefsV0(connection: ServiceConnection): Promise<string[]> {
  const lines = await new MessageSource(connection.advertisement).readMessage();
  return lines.map((line) => line.split('\0', 1)[0] ?? '');
}

/** A push of one new ref whose objects come from the repository at `from`; the lines of the report. */
export async function pushRef(
  connection: ServiceConnection,
  from: string,
  name: string,
  oid: string,
): Promise<string[]> {
  const source = new MessageSource(connection.advertisement);
  await source.readMessage();
  const answer = await connection.request(pushBody(from, name, oid));
  return source.follow(answer).readMessage();
}

/** Update request and pack, as it comes out of `git pack-objects`. */
export async function* pushBody(from: string, name: string, oid: string): AsyncGenerator<Uint8Array, void, void> {
  yield new PacketWriter()
    .data(`${'0'.repeat(40)} ${oid} ${name}\0report-status`)
    .flush()
    .finish();
  const packer = spawn('git', ['-C', from, 'pack-objects', '-q', '--revs', '--stdout'], {
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  packer.stdin.end(`${oid}\n`);
  for await (const chunk of packer.stdout) yield chunk as Uint8Array;
}

/** The same, cut off before its end; then it throws `failure`, after a moment in which the remote can take it in. */
export async function* brokenPushBody(
  from: string,
  name: string,
  oid: string,
  failure: Error,
): AsyncGenerator<Uint8Array, void, void> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of pushBody(from, name, oid)) chunks.push(chunk);
  yield Buffer.concat(chunks).subarray(0, -10);
  await delay(200);
  throw failure;
}

/** Reads an answer to its end. */
export async function drain(answer: AsyncIterable<Uint8Array>): Promise<void> {
  const chunks = answer[Symbol.asyncIterator]();
  while ((await chunks.next()).done !== true);
}
