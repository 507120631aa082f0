import { hexLength } from '../core/object-id.ts';
import { parseOid } from '../wire/protocol-line.ts';
import { Refusal, requestError } from './upload-error.ts';
import type { UploadSession } from './upload-session.ts';

/** Answers `object-info` (gitprotocol-v2, "object-info"): the sizes of objects. A bad line is told and passed over. */
export async function answerObjectInfo(session: UploadSession): Promise<void> {
  const { packets, reply, repository, exchange } = session;
  const names: string[] = [];
  let wantsSize = false;
  for (;;) {
    const item = packets.tryRead() ?? (await packets.read());
    if (item.type === 'flush') break;
    if (item.type === 'end') throw requestError('the remote end hung up unexpectedly');
    if (item.type !== 'line') throw new Refusal('object-info: expected flush after arguments');
    const { line } = item;
    if (line === 'size') wantsSize = true;
    else if (line.startsWith('oid ')) names.push(line.slice('oid '.length));
    else reply.error(`object-info: unexpected line: '${line}'`);
    const most = exchange.limits.maxWants;
    if (names.length > most) throw new Refusal(`object-info: too many objects, ${String(most)} is the limit`);
    if (reply.isFull) await reply.send();
  }
  const { objects, format } = repository;
  const slice = session.newSlice();
  if (names.length > 0 && wantsSize) reply.text('size');
  for (const name of names) {
    const oid = parseOid(name.slice(0, hexLength(format)), format);
    if (oid === undefined) {
      reply.error(`object-info: protocol error, expected to get oid, not '${name}'`);
      continue;
    }
    const number = wantsSize ? objects.numberOf(oid) : -1;
    reply.text(wantsSize ? `${name} ${number < 0 ? '' : String(objects.sizeOf(number))}` : name);
    if (reply.isFull) await reply.send();
    if (slice.isOver()) await slice.pause();
  }
  await reply.flush().send();
}
