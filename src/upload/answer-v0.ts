import type { ObjectId } from '../core/object-id.ts';
import type { ObjectNumber } from '../repository/object-number.ts';
import type { Repository } from '../repository/repository.ts';
import { commitTableOf } from '../walk/commit-table.ts';
import { commonHaves } from './fetch-state.ts';
import { checkWants } from './check-wants.ts';
import { checkCount, leadingOid } from './request-lines.ts';
import { sendPack } from './send-pack.ts';
import { noCut, sendShallowLines } from './shallow-cut.ts';
import type { ShallowCut } from './shallow-cut.ts';
import { requestError } from './upload-error.ts';
import type { UploadSession } from './upload-session.ts';
import { readV0Request } from './v0-request.ts';
import type { V0Request } from './v0-request.ts';

/** Answers one request of protocol v0 or v1 (gitprotocol-pack, "Packfile Negotiation"). */
export async function answerV0(session: UploadSession): Promise<void> {
  const { exchange, packets, reply } = session;
  const request = await session.timed('parse', async () => {
    const read = await readV0Request(session);
    await checkWants(session, read);
    return read;
  });
  const { filter, lines, wants } = request;
  exchange.observer.facts({ command: 'fetch', wants: lines.wants, filter: filter?.kind ?? 'none' });
  const cut = await answerShallow(session, request);
  await reply.send();
  if (wants.length === 0) return;
  // A client that only wanted to know its boundary reads it and comes back with haves.
  if (exchange.mode === 'answer' && (await packets.isOver())) return;
  request.haves = commonHaves(session.repository, [...request.shallows, ...cut.boundary]);
  const goals = [...request.wants, ...parentsOf(session.repository, cut.unshallowed)];
  const goesOn = await session.timed('negotiate', () => negotiate(session, request, goals));
  exchange.observer.facts({ haves: lines.haves });
  if (goesOn) await sendPack(session, request, { cut, maxPacketBytes: request.maxPacketBytes });
}

async function answerShallow(session: UploadSession, request: V0Request): Promise<ShallowCut> {
  const isAsked = request.depth > 0 || request.deepensByRevision;
  if (!isAsked && request.shallows.length === 0) return noCut;
  const cut = await sendShallowLines(session, request, { tellsOwn: false });
  if (isAsked) session.reply.flush();
  return cut;
}

/**
 * Reads haves until the client is done, or has been told that it may be; false when the request ends before.
 *
 * @param goals - what must lead to something the client has: wants, and what is behind commits that are cut no longer.
 */
async function negotiate(session: UploadSession, request: V0Request, goals: readonly ObjectNumber[]): Promise<boolean> {
  const { exchange, packets, reply, repository } = session;
  const isDetailed = request.multiAck === 'multi_ack_detailed';
  const { haves } = request;
  const { numbers } = haves;
  const mayGiveUp = (): Promise<boolean> => haves.okToGiveUp(goals, exchange.signal);
  let last: ObjectId | undefined;
  let gotCommon = false;
  let gotOther = false;
  let sentReady = false;
  for (;;) {
    let item = packets.tryRead();
    if (item === undefined) {
      await reply.send();
      item = await packets.read();
    }
    if (item.type === 'end') throw requestError('the remote end hung up unexpectedly');
    if (item.type !== 'line') {
      if (isDetailed && gotCommon && !gotOther && (await mayGiveUp())) {
        sentReady = true;
        reply.line(`ACK ${String(last)} ready`);
      }
      if (numbers.length === 0 || request.multiAck !== 'none') reply.line('NAK');
      if (request.noDone && sentReady) {
        reply.line(`ACK ${String(last)}`);
        return true;
      }
      await reply.send();
      if (exchange.mode === 'answer') return false;
      gotCommon = false;
      gotOther = false;
      continue;
    }
    if (item.line === 'done') {
      if (numbers.length === 0) reply.line('NAK');
      else if (request.multiAck !== 'none') reply.line(`ACK ${String(last)}`);
      return true;
    }
    const oid = haveOf(session, request, item.line);
    const number = repository.objects.numberOf(oid);
    if (number < 0) {
      gotOther = true;
      if (request.multiAck !== 'none' && (await mayGiveUp())) {
        if (isDetailed) sentReady = true;
        reply.line(`ACK ${oid} ${isDetailed ? 'ready' : 'continue'}`);
      }
    } else {
      haves.add(number);
      gotCommon = true;
      last = oid;
      if (isDetailed) reply.line(`ACK ${oid} common`);
      else if (request.multiAck === 'multi_ack') reply.line(`ACK ${oid} continue`);
      else if (numbers.length === 1) reply.line(`ACK ${oid}`);
    }
    if (reply.isFull) await reply.send();
  }
}

function haveOf(session: UploadSession, request: V0Request, line: string): ObjectId {
  if (!line.startsWith('have ')) throw requestError(`git upload-pack: expected SHA1 list, got '${line}'`);
  const text = line.slice('have '.length);
  const oid = leadingOid(session, text);
  if (oid === undefined) throw requestError(`git upload-pack: expected SHA1 object, got '${text}'`);
  checkCount(session, ++request.lines.haves, 'maxHaves', 'haves');
  return oid;
}

function parentsOf(repository: Repository, commits: readonly ObjectNumber[]): readonly ObjectNumber[] {
  const table = commitTableOf(repository);
  return commits.flatMap((commit) => {
    const slot = table.slotOf(commit);
    table.require(slot);
    return Array.from({ length: table.parentCount(slot) }, (_, index) => table.numberOf(table.parentOf(slot, index)));
  });
}
