import { GitMirrorError } from '../core/error.ts';
import { concatBytes } from '../core/bytes.ts';
import { throwIfErrorPacket } from '../wire/error-packet.ts';
import { decodeAckLine, encodeDone, encodeHaveLines, encodeUploadRequest } from '../wire/upload-pack-v0.ts';
import { agentCapability } from './agent.ts';
import { decodeWhile } from './decode-while.ts';
import type { FetchContext } from './fetch-context.ts';
import type { PackAnswer, PackRequest } from './pack-request.ts';
import type { PacketReader } from './packet-reader.ts';
import { readPlain, readSideband } from './sideband-stream.ts';

/**
 * A fetch in protocol version 0 or 1 (gitprotocol-pack, "Packfile Negotiation"). Neither `multi_ack` nor
 * `multi_ack_detailed` is asked for: every have goes out at once with `done`, so that exactly one ACK or NAK comes back
 * and one round is enough, whichever transport carries it.
 */
export async function fetchV0(context: FetchContext, request: PackRequest): Promise<PackAnswer> {
  const { capabilities, objectFormat } = context.service.advertisement;
  const asked: string[] = [];
  const sideband = ['side-band-64k', 'side-band'].find((name) => capabilities.has(name));
  if (sideband !== undefined) asked.push(sideband);
  if (request.ofsDelta && capabilities.has('ofs-delta')) asked.push('ofs-delta');
  if (context.onMessage === undefined && capabilities.has('no-progress')) asked.push('no-progress');
  if (request.filter !== undefined) asked.push('filter');
  if (capabilities.has('object-format')) asked.push(`object-format=${objectFormat}`);
  if (capabilities.has('agent')) asked.push(agentCapability(context.userAgent));

  const reader = await context.service.exchange(
    concatBytes([
      encodeUploadRequest({ wants: request.wants, capabilities: asked, filter: request.filter }),
      encodeHaveLines(request.haves),
      encodeDone(),
    ]),
  );
  try {
    await readAcknowledgment(context, reader);
  } catch (error) {
    context.left(false);
    await reader.release();
    throw error;
  }
  return { pack: readPack(context, reader, sideband !== undefined), common: new Set() };
}

async function readAcknowledgment(context: FetchContext, reader: PacketReader): Promise<void> {
  for (;;) {
    const packet = await reader.read(context.doing);
    if (packet.type !== 'data') {
      throw new GitMirrorError(
        'GM_PROTOCOL',
        `Expected ACK or NAK while ${context.doing}, got a ${packet.type} packet.`,
      );
    }
    throwIfErrorPacket(packet.payload, context.doing);
    const { objectFormat } = context.service.advertisement;
    const line = decodeWhile(context.doing, () => decodeAckLine(packet.payload, objectFormat));
    // A status is never asked for; a server that sends one all the same will send the final line after it.
    if (line.kind === 'nak' || line.status === undefined) return;
  }
}

async function* readPack(
  context: FetchContext,
  reader: PacketReader,
  sideband: boolean,
): AsyncGenerator<Uint8Array, void, void> {
  try {
    yield* sideband ? readSideband(reader, context.doing, context.onMessage) : readPlain(reader);
  } finally {
    context.left(false);
    if (context.service.connection.mode === 'stateless') await reader.release();
  }
}
