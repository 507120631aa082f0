import { FetchState } from './fetch-state.ts';
import { checkCount, leadingOid, takeFilter, takeShallowLine } from './request-lines.ts';
import { requireWanted } from './require-wanted.ts';
import { sendPack } from './send-pack.ts';
import { noCut, sendShallowLines } from './shallow-cut.ts';
import type { ShallowCut } from './shallow-cut.ts';
import { Refusal, requestError } from './upload-error.ts';
import { readBlobPackfileUris } from './upload-config.ts';
import type { UploadSession } from './upload-session.ts';
import type { ObjectId } from '../core/object-id.ts';

/** A `fetch` request of protocol v2 (gitprotocol-v2, "fetch"). */
class FetchRequest extends FetchState {
  isDone = false;
  waitForDone = false;
  /** Haves that are here, in the order sent, without those that follow from the ones in front of them. */
  readonly acknowledged: ObjectId[] = [];
  readonly wantedRefs = new Map<string, ObjectId>();
  uriProtocols: readonly string[] = [];
}

/** Answers `fetch`, whose arguments come next: acknowledgments, or the sections that end with a pack. */
export async function answerFetch(session: UploadSession): Promise<void> {
  const { exchange, reply } = session;
  const request = new FetchRequest(session.repository);
  await session.timed('parse', () => readArguments(session, request));
  const { wants, haves } = request.lines;
  exchange.observer.facts({ wants, haves, filter: request.filter?.kind ?? 'none' });
  // A client that only asks what is common wants nothing, and says that it will wait.
  if (request.wants.length > 0 || request.waitForDone) {
    if (haves === 0 || request.isDone || (await session.timed('negotiate', () => acknowledge(session, request)))) {
      await sendSections(session, request);
    }
  }
  await reply.send();
}

async function readArguments(session: UploadSession, request: FetchRequest): Promise<void> {
  const { packets } = session;
  const slice = session.newSlice();
  for (;;) {
    const item = packets.tryRead() ?? (await packets.read());
    if (item.type === 'flush') break;
    if (item.type === 'end') throw requestError('the remote end hung up unexpectedly');
    if (item.type !== 'line') throw requestError('expected flush after fetch arguments');
    takeArgument(session, request, item.line);
    if (slice.isOver()) await slice.pause();
  }
  if (!session.reply.usesBands) request.uriProtocols = [];
}

function takeArgument(session: UploadSession, request: FetchRequest, line: string): void {
  const { config, reply } = session;
  const argument = (word: string): string | undefined => (line.startsWith(word) ? line.slice(word.length) : undefined);
  const want = argument('want ');
  if (want !== undefined) {
    takeWant(session, request, want, line);
    return;
  }
  const have = argument('have ');
  if (have !== undefined) {
    takeHave(session, request, have);
    return;
  }
  if (takeFlag(request, line) || takeShallowLine(session, request, line)) return;
  const wantRef = argument('want-ref ');
  const filter = argument('filter ');
  const uris = argument('packfile-uris ');
  if (wantRef !== undefined && config.allowRefInWant) {
    takeWantRef(session, request, wantRef);
  } else if (filter !== undefined && config.allowFilter) {
    takeFilter(session, request, filter);
  } else if (line === 'sideband-all' && config.allowSidebandAll) {
    reply.useBands();
  } else if (uris !== undefined && config.allowPackfileUris) {
    if (request.uriProtocols.length > 0) throw new Refusal('multiple packfile-uris lines forbidden');
    request.uriProtocols = uris.split(',');
  } else {
    throw requestError(`unexpected line: '${line}'`);
  }
}

function takeFlag(request: FetchRequest, line: string): boolean {
  switch (line) {
    case 'thin-pack':
      return (request.thinPack = true);
    case 'ofs-delta':
      return (request.ofsDelta = true);
    case 'no-progress':
      return (request.noProgress = true);
    case 'include-tag':
      return (request.includeTag = true);
    case 'done':
      return (request.isDone = true);
    case 'wait-for-done':
      return (request.waitForDone = true);
    case 'deepen-relative':
      return (request.isDepthRelative = true);
  }
  return false;
}

function takeWant(session: UploadSession, request: FetchRequest, text: string, line: string): void {
  const oid = leadingOid(session, text);
  if (oid === undefined) throw requestError(`git upload-pack: protocol error, expected to get oid, not '${line}'`);
  checkCount(session, ++request.lines.wants, 'maxWants', 'wants');
  request.addWant(requireWanted(session, oid));
}

function takeWantRef(session: UploadSession, request: FetchRequest, name: string): void {
  checkCount(session, ++request.lines.wantRefs, 'maxShallows', 'want-ref lines');
  const ref = session.refs.find(name);
  if (ref === undefined) throw new Refusal(`unknown ref ${name}`);
  if (request.wantedRefs.has(name)) throw new Refusal(`duplicate want-ref ${name}`);
  request.wantedRefs.set(name, ref.oid);
  request.addWant(requireWanted(session, ref.oid));
}

function takeHave(session: UploadSession, request: FetchRequest, text: string): void {
  const oid = leadingOid(session, text);
  if (oid === undefined) throw requestError(`git upload-pack: expected SHA1 object, got '${text}'`);
  checkCount(session, ++request.lines.haves, 'maxHaves', 'haves');
  const number = session.repository.objects.numberOf(oid);
  if (number < 0) return;
  if (request.haves.add(number)) request.acknowledged.push(oid);
}

/**
 * The acknowledgments section. As in git since 2.46, what follows from an acknowledged commit, being a parent of it, is not
 * acknowledged by itself. Returns whether the pack follows at once.
 */
async function acknowledge(session: UploadSession, request: FetchRequest): Promise<boolean> {
  const { reply, exchange } = session;
  reply.line('acknowledgments');
  if (request.acknowledged.length === 0) reply.line('NAK');
  for (const oid of request.acknowledged) {
    reply.line(`ACK ${oid}`);
    if (reply.isFull) await reply.send();
  }
  const isReady = !request.waitForDone && (await request.haves.okToGiveUp(request.wants, exchange.signal));
  if (isReady) reply.line('ready').delim();
  else reply.flush();
  await reply.send();
  return isReady;
}

/**
 * The sections behind the acknowledgments, in git's order: gitprotocol-v2 has `shallow-info` in front of `wanted-refs`, and so
 * do git's own clients, which give up when they get both from git.
 */
async function sendSections(session: UploadSession, request: FetchRequest): Promise<void> {
  const { reply, repository } = session;
  if (request.wantedRefs.size > 0) {
    reply.line('wanted-refs');
    for (const [name, oid] of request.wantedRefs) reply.line(`${oid} ${name}`);
    reply.delim();
  }
  const cut = await sendShallowInfo(session, request);
  const offersUris = request.uriProtocols.length > 0;
  if (!offersUris) reply.line('packfile');
  await sendPack(session, request, {
    cut,
    maxPacketBytes: 65_520,
    packfileUris: offersUris ? { blobs: readBlobPackfileUris(repository), protocols: request.uriProtocols } : undefined,
  });
}

async function sendShallowInfo(session: UploadSession, request: FetchRequest): Promise<ShallowCut> {
  const { reply, repository } = session;
  const isAsked = request.depth > 0 || request.deepensByRevision || request.shallows.length > 0;
  if (!isAsked && repository.shallow.length === 0) return noCut;
  reply.line('shallow-info');
  const cut = await sendShallowLines(session, request, { tellsOwn: true });
  reply.delim();
  return cut;
}
