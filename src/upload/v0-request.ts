import { FetchState } from './fetch-state.ts';
import type { RequestItem } from './request-packets.ts';
import { checkCount, leadingOid, takeFilter, takeShallowLine } from './request-lines.ts';
import { requireWanted } from './require-wanted.ts';
import { requestError } from './upload-error.ts';
import type { UploadSession } from './upload-session.ts';
import { hexLength } from '../core/object-id.ts';

/** How haves are acknowledged (gitprotocol-capabilities, "multi_ack"). */
export type MultiAck = 'none' | 'multi_ack' | 'multi_ack_detailed';

/** A request of protocol v0 or v1 (gitprotocol-pack, "Packfile Negotiation"). */
export class V0Request extends FetchState {
  multiAck: MultiAck = 'none';
  noDone = false;
  maxPacketBytes: 0 | 1000 | 65_520 = 0;
  filterCapability = false;
}

/** Reads wants and what goes with them, to the flush. */
export async function readV0Request(session: UploadSession): Promise<V0Request> {
  const request = new V0Request(session.repository);
  const slice = session.newSlice();
  for (;;) {
    const item: RequestItem = session.packets.tryRead() ?? (await session.packets.read());
    if (item.type === 'end') throw requestError('the remote end hung up unexpectedly');
    // Any marker ends the list, as for git.
    if (item.type !== 'line') return request;
    takeLine(session, request, item.line);
    if (slice.isOver()) await slice.pause();
  }
}

function takeLine(session: UploadSession, request: V0Request, line: string): void {
  if (takeShallowLine(session, request, line)) return;
  if (line.startsWith('filter ')) {
    if (!request.filterCapability) throw requestError('git upload-pack: filtering capability not negotiated');
    takeFilter(session, request, line.slice('filter '.length));
    return;
  }
  const text = line.startsWith('want ') ? line.slice('want '.length) : '';
  const oid = leadingOid(session, text);
  if (oid === undefined) {
    throw requestError(`git upload-pack: protocol error, expected to get object ID, not '${line}'`);
  }
  takeFeatures(session, request, text.slice(hexLength(session.repository.format)));
  checkCount(session, ++request.lines.wants, 'maxWants', 'wants');
  request.addWant(requireWanted(session, oid));
}

function takeFeatures({ config, exchange }: UploadSession, request: V0Request, text: string): void {
  if (text === '') return;
  const features = text.split(/[ \t\n\v\f\r]+/);
  const has = (name: string): boolean => features.some((word) => word === name || word.startsWith(`${name}=`));
  const value = (name: string): string | undefined =>
    features.find((word) => word.startsWith(`${name}=`))?.slice(name.length + 1);
  if (has('deepen-relative')) request.isDepthRelative = true;
  if (has('multi_ack_detailed')) request.multiAck = 'multi_ack_detailed';
  else if (has('multi_ack')) request.multiAck = 'multi_ack';
  if (has('no-done')) request.noDone = true;
  if (has('thin-pack')) request.thinPack = true;
  if (has('ofs-delta')) request.ofsDelta = true;
  if (has('side-band-64k')) request.maxPacketBytes = 65_520;
  else if (has('side-band')) request.maxPacketBytes = 1000;
  if (has('no-progress')) request.noProgress = true;
  if (has('include-tag')) request.includeTag = true;
  if (config.allowFilter && has('filter')) request.filterCapability = true;
  const agent = value('agent');
  const sessionId = value('session-id');
  exchange.observer.facts({ ...(agent !== undefined && { agent }), ...(sessionId !== undefined && { sessionId }) });
}
