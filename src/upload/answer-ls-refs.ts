import { hash } from 'node:crypto';
import type { Ref } from '../repository/ref-store.ts';
import type { UploadSession } from './upload-session.ts';
import { ListingCache, maxListingBytes } from './listing-cache.ts';
import { peel } from './peel.ts';
import { disjointPrefixes } from './served-refs.ts';
import { requestError } from './upload-error.ts';

/** From this many `ref-prefix` lines on git pays no heed to any of them. */
const tooManyPrefixes = 65_536;

interface LsRefsArguments {
  peel: boolean;
  symrefs: boolean;
  unborn: boolean;
  prefixes: readonly string[];
}

/** Listings are kept for as long as the refs stay as they are: clients that poll get them without a look at each ref. */
const listings = new ListingCache();

/** Answers `ls-refs` (gitprotocol-v2, "ls-refs"), whose arguments come next. */
export async function answerLsRefs(session: UploadSession): Promise<void> {
  const args = await readArguments(session);
  const { refs, reply, exchange } = session;
  const version = refs.version();
  const key = listingKey(session, args, version);
  const known = listings.get(key);
  if (known !== undefined) {
    for (const piece of known) await exchange.output.write(piece);
    return;
  }
  const pieces: Uint8Array[] = [];
  reply.record(pieces, maxListingBytes);
  await list(session, args);
  await reply.flush().send();
  // What changed meanwhile may be in it or not.
  if (reply.stopRecording() && refs.version() === version) listings.set(key, pieces);
}

function listingKey({ exchange, repository, view }: UploadSession, args: LsRefsArguments, version: string): string {
  const { config, gitDir } = repository;
  const { namespace } = exchange;
  return hash('sha256', JSON.stringify([gitDir, namespace, view.remote, version, config.version, args]), 'base64');
}

async function list(session: UploadSession, args: LsRefsArguments): Promise<void> {
  const { refs, reply } = session;
  const { prefixes } = args;
  const isHeadWanted = prefixes.length === 0 || prefixes.some((prefix) => 'HEAD'.startsWith(prefix));
  const head = isHeadWanted ? refs.head() : undefined;
  if (head?.oid !== undefined) {
    reply.line(
      refLine(session, args, { name: 'HEAD', oid: head.oid, symrefTarget: head.target, peeledOid: undefined }),
    );
  } else if (head?.target !== undefined && args.unborn && args.symrefs) {
    reply.line(`unborn HEAD symref-target:${head.target}`);
  }
  const slice = session.newSlice();
  for (const prefix of disjointPrefixes(prefixes.length === 0 ? [''] : prefixes)) {
    for (const ref of refs.list(prefix)) {
      reply.line(refLine(session, args, ref));
      if (reply.isFull) await reply.send();
      if (slice.isOver()) await slice.pause();
    }
  }
}

async function readArguments({ packets, config }: UploadSession): Promise<LsRefsArguments> {
  const args: LsRefsArguments = { peel: false, symrefs: false, unborn: false, prefixes: [] };
  const prefixes: string[] = [];
  for (;;) {
    const item = packets.tryRead() ?? (await packets.read());
    if (item.type === 'flush') break;
    if (item.type === 'end') throw requestError('the remote end hung up unexpectedly');
    if (item.type !== 'line') throw requestError('expected flush after ls-refs arguments');
    const { line } = item;
    if (line === 'peel') args.peel = true;
    else if (line === 'symrefs') args.symrefs = true;
    else if (line === 'unborn') args.unborn = config.unborn !== 'ignore';
    else if (!line.startsWith('ref-prefix ')) throw requestError(`unexpected line: '${line}'`);
    else if (prefixes.length < tooManyPrefixes) prefixes.push(line.slice('ref-prefix '.length));
  }
  if (prefixes.length < tooManyPrefixes) args.prefixes = prefixes;
  return args;
}

function refLine({ repository }: UploadSession, args: LsRefsArguments, ref: Ref): string {
  let line = `${ref.oid} ${ref.name}`;
  if (args.symrefs && ref.symrefTarget !== undefined) line += ` symref-target:${ref.symrefTarget}`;
  if (args.peel && ref.peeledOid !== null) {
    const peeled = ref.peeledOid ?? peel(repository.objects, ref.oid);
    if (peeled !== undefined) line += ` peeled:${peeled}`;
  }
  return line;
}
