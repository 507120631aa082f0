import { isGitMirrorError, messageOf } from '../../core/error.ts';
import { formatOf, type ObjectFormat, type ObjectId } from '../../core/object-id.ts';
import { refDigest } from '../../wire/mirrors/ref-digest.ts';
import { isolatedEnvironment, isolatedFlags } from '../fetch/isolation.ts';
import type { GitProgram } from '../git-program.ts';
import { listRemote, type RemoteListing } from '../list-remote.ts';
import type { MirrorCandidate, MirrorLimits, MirrorReporter } from '../mirror-candidate.ts';
import { judgeMirror, type Judgement } from './judge-mirror.ts';
import { statementRef, type Signer } from './ref-statement.ts';
import { StatementStore, type StoredStatement } from './statement-store.ts';

/** What is verified. */
export interface VerifyMirrorOptions {
  /** Git as the user's, for the origin. */
  readonly git: GitProgram;
  readonly mirror: MirrorCandidate;
  /** URL of the origin; undefined: only what was seen before counts. */
  readonly origin: string | undefined;
  /** Whom to believe the first statement that is ever seen; undefined: whoever signs the origin's. */
  readonly signers?: readonly Signer[] | undefined;
  readonly limits: MirrorLimits;
  readonly reporter: MirrorReporter;
  /** Where statements are remembered. */
  readonly storeDirectory: string;
  readonly now: Date;
  readonly signal: AbortSignal;
}

/** What was found out. */
export interface MirrorVerification extends Judgement {
  readonly mirrorDigest: string;
  readonly originDigest: string | undefined;
  /** The newest statement that is believed. */
  readonly newest: StoredStatement | undefined;
  /** Why the origin could not be asked, or what it says now that it did not say before. */
  readonly originFault: string | undefined;
}

/**
 * Asks a mirror for its refs and the statement of them, the origin likewise, and judges the mirror. A statement is believed
 * when its signature is one of those that the statement before it allows; the first one that is ever seen is believed when
 * it comes from the origin. What was seen is remembered, so that neither an old state nor an old list of signers is believed
 * again.
 *
 * @throws GitMirrorError `GM_SYSTEM` when the mirror cannot be asked, with what git said; and the reason of the signal
 */
export async function verifyMirror(options: VerifyMirrorOptions): Promise<MirrorVerification> {
  const { git, mirror, storeDirectory, now } = options;
  const listing = await listMirror(options);
  const store = await StatementStore.open(git, storeDirectory, formatOfListing(listing));
  const asked = await askOrigin(store, options);
  const mirrorTop = statementOf(listing);
  const fault = mirrorTop === undefined ? undefined : await lookAtMirrors(store, mirrorTop, options);
  const newestOid = await store.remembered();
  const chain = newestOid === undefined ? [] : await store.chain(newestOid);
  const mirrorDigest = digestOf(listing);
  const seen = await store.remembered(mirror.space);
  const judgement = judgeMirror({
    mirrorDigest,
    originDigest: asked?.digest,
    chain,
    shown: fault === undefined ? mirrorTop : { fault },
    seen,
    nowSeconds: Math.floor(now.getTime() / 1000),
  });
  await rememberMirror(store, mirror.space, chain, [seen, mirrorTop, judgement.state?.oid]);
  const originFault = asked?.fault;
  return { ...judgement, mirrorDigest, originDigest: asked?.digest, newest: chain[0], originFault };
}

interface AskedOrigin {
  readonly digest: string | undefined;
  readonly fault: string | undefined;
}

async function listMirror({ git, mirror, limits, signal }: VerifyMirrorOptions): Promise<RemoteListing> {
  const inTime = AbortSignal.any([signal, AbortSignal.timeout(limits.firstByteMs)]);
  return listRemote(git, mirror.url, {
    flags: isolatedFlags(git, mirror),
    env: isolatedEnvironment(git, mirror),
    signal: inTime,
  });
}

async function askOrigin(
  store: StatementStore,
  { origin, git, signers, signal }: VerifyMirrorOptions,
): Promise<AskedOrigin | undefined> {
  if (origin === undefined) return undefined;
  try {
    const listing = await listRemote(git, origin, { signal });
    const top = statementOf(listing);
    if (top === undefined) return { digest: digestOf(listing), fault: undefined };
    await store.fetch(origin, git, top, signal);
    const before = await store.remembered();
    const fault = await believe(store, top, { signers, isOrigins: true });
    const isOlder = fault === undefined && before !== undefined && (await store.remembered()) !== top;
    return {
      digest: digestOf(listing),
      fault: isOlder ? 'it shows an older statement than it has shown before' : fault,
    };
  } catch (error) {
    signal.throwIfAborted();
    return { digest: undefined, fault: messageOf(error) };
  }
}

async function lookAtMirrors(
  store: StatementStore,
  top: ObjectId,
  { mirror, limits, reporter, signal, signers }: VerifyMirrorOptions,
): Promise<string | undefined> {
  const hasCome = await store.fetchFromMirror(top, { mirror, limits, reporter, signal });
  return hasCome ? believe(store, top, { signers, isOrigins: false }) : 'it could not be fetched';
}

interface FirstTrust {
  readonly signers: readonly Signer[] | undefined;
  readonly isOrigins: boolean;
}

/**
 * Looks at the statement `top`: it must be one of those that are believed already, or follow the newest of them, each signed
 * by whom the one before it names. The newest is remembered.
 *
 * @returns why it must not be believed; undefined when it may be
 */
async function believe(store: StatementStore, top: ObjectId, trust: FirstTrust): Promise<string | undefined> {
  try {
    const newest = await store.remembered();
    const chain = await store.chain(top);
    if (newest === undefined) return await trustFirst(store, chain, trust);
    const knownAt = chain.findIndex(({ oid }) => oid === newest);
    if (knownAt < 0) {
      const isKnown = (await store.chain(newest)).some(({ oid }) => oid === top);
      return isKnown ? undefined : 'it does not follow the statements that were seen before';
    }
    for (let at = knownAt - 1; at >= 0; at -= 1) {
      const [stored, before] = [chain[at], chain[at + 1]];
      if (stored === undefined || before === undefined) break;
      const fault = await store.signatureFault(stored.oid, before.statement.signers);
      if (fault !== undefined) return `state ${String(stored.statement.sequence)}: ${fault}`;
    }
    await store.remember(top);
    return undefined;
  } catch (error) {
    if (!isGitMirrorError(error, 'GM_CORRUPT')) throw error;
    return error.message;
  }
}

async function trustFirst(
  store: StatementStore,
  [top]: readonly StoredStatement[],
  { signers, isOrigins }: FirstTrust,
): Promise<string | undefined> {
  if (top === undefined || (signers === undefined && !isOrigins)) {
    return 'no statement of the origin is known that it could follow';
  }
  const fault = await store.signatureFault(top.oid, signers ?? top.statement.signers);
  if (fault === undefined) await store.remember(top.oid);
  return fault;
}

/** Of the statements that the mirror has shown or been the state of, the newest. */
async function rememberMirror(
  store: StatementStore,
  space: string,
  chain: readonly StoredStatement[],
  oids: readonly (ObjectId | undefined)[],
): Promise<void> {
  const newest = chain.find(({ oid }) => oids.includes(oid));
  if (newest !== undefined) await store.remember(newest.oid, space);
}

function statementOf({ refs }: RemoteListing): ObjectId | undefined {
  return refs.find(({ name }) => name === statementRef)?.oid;
}

function digestOf({ refs, headTarget }: RemoteListing): string {
  return refDigest(refs, headTarget);
}

function formatOfListing({ refs: [first] }: RemoteListing): ObjectFormat {
  return first === undefined ? 'sha1' : formatOf(first.oid);
}
