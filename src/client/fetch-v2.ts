import type { ByteStream } from '../core/byte-stream.ts';
import { GitMirrorError } from '../core/error.ts';
import { encodeFetchRequest, FetchResponseDecoder } from '../wire/fetch-v2.ts';
import { commandCapabilities } from './command-capabilities.ts';
import { decodeWhile } from './decode-while.ts';
import type { FetchContext } from './fetch-context.ts';
import type { PackAnswer, PackRequest } from './pack-request.ts';
import type { PacketReader } from './packet-reader.ts';
import { readSideband } from './sideband-stream.ts';
import { shallowSourceError } from './shallow-source.ts';

/** One `fetch` command of protocol version 2 (gitprotocol-v2, "fetch"). */
export async function fetchV2(context: FetchContext, request: PackRequest): Promise<PackAnswer> {
  const { advertisement, connection } = context.service;
  if (!advertisement.capabilities.has('fetch')) {
    throw new GitMirrorError('GM_PROTOCOL', `${connection.displayUrl} does not offer fetch; try --protocol v1.`);
  }
  const reader = await context.service.exchange(
    encodeFetchRequest({
      capabilities: commandCapabilities(advertisement, context.userAgent),
      wants: request.wants,
      haves: request.haves,
      filter: request.filter,
      ofsDelta: request.ofsDelta,
      noProgress: context.onMessage === undefined,
      done: request.negotiate !== true,
    }),
  );
  let sections: FetchResponseDecoder;
  try {
    sections = await readSections(context, reader);
  } catch (error) {
    context.left(false);
    await reader.release();
    throw error;
  }
  const { acknowledgments } = sections.result();
  const common = new Set(acknowledgments?.acks ?? []);
  if (sections.state === 'acknowledgments-end') {
    if (connection.mode === 'stateless') await reader.release();
    context.left(true);
    return { pack: undefined, common };
  }
  return { pack: readPack(context, reader), common };
}

async function readSections(context: FetchContext, reader: PacketReader): Promise<FetchResponseDecoder> {
  const { advertisement, connection } = context.service;
  const decoder = new FetchResponseDecoder(advertisement.objectFormat);
  for (let state = 'sections'; state === 'sections';) {
    const packet = await reader.read(context.doing);
    state = decodeWhile(context.doing, () => decoder.push(packet));
  }
  if ((decoder.result().shallowInfo?.shallow.length ?? 0) > 0) throw shallowSourceError(connection.displayUrl);
  return decoder;
}

async function* readPack(context: FetchContext, reader: PacketReader): AsyncGenerator<Uint8Array, void, void> {
  const stream: ByteStream = readSideband(reader, context.doing, context.onMessage);
  let clean = false;
  try {
    yield* stream;
    clean = true;
  } finally {
    context.left(clean);
    if (context.service.connection.mode === 'stateless') await reader.release();
  }
}
