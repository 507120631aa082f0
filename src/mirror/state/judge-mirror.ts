import type { ObjectId } from '../../core/object-id.ts';
import type { StoredStatement } from './statement-store.ts';

/** What a mirror's refs are worth. Only `fresh` is as good as the origin. */
export type Verdict = 'fresh' | 'stale' | 'rolled-back' | 'forged' | 'unsigned';

/** A verdict with its reason, a sentence for people. */
export interface Judgement {
  readonly verdict: Verdict;
  readonly reason: string;
  /** The statement that the mirror's refs are the state of. */
  readonly state?: StoredStatement | undefined;
}

/** All that is known when a mirror is judged. */
export interface Evidence {
  /** Ref digest of the mirror. */
  readonly mirrorDigest: string;
  /** Of the origin, when it could be asked. */
  readonly originDigest: string | undefined;
  /** The newest statement that is believed and those before it, newest first; empty when there is none. */
  readonly chain: readonly StoredStatement[];
  /** The statement that the mirror shows: in the chain, none at all, or one that must not be believed, with the reason. */
  readonly shown: ObjectId | undefined | { readonly fault: string };
  /** The newest statement that this mirror has shown or been the state of before. */
  readonly seen: ObjectId | undefined;
  /** Seconds since 1970. */
  readonly nowSeconds: number;
}

/** Tells valid and fresh from valid but stale, rolled back and forged. */
export function judgeMirror(evidence: Evidence): Judgement {
  const { mirrorDigest, originDigest, chain, shown, seen, nowSeconds } = evidence;
  if (typeof shown === 'object')
    return { verdict: 'forged', reason: `its statement must not be believed: ${shown.fault}` };
  const equalsOrigin = originDigest === mirrorDigest;
  const [newest] = chain;
  if (newest === undefined || (shown === undefined && equalsOrigin)) {
    const reason = equalsOrigin ? "nobody has signed its refs; they are the origin's" : 'nobody has signed its refs';
    return { verdict: equalsOrigin ? 'fresh' : 'unsigned', reason };
  }
  const shownAt = chain.findIndex(({ oid }) => oid === shown);
  const stateAt = chain.findIndex(({ statement }) => statement.digest === mirrorDigest);
  const seenAt = chain.findIndex(({ oid }) => oid === seen);
  const state = chain[stateAt];
  if (seenAt >= 0 && (shownAt < 0 || shownAt > seenAt)) {
    return { verdict: 'rolled-back', reason: `it has shown ${nameOf(chain[seenAt])} before, and does not now`, state };
  }
  if (equalsOrigin) return { verdict: 'fresh', reason: "its refs are the origin's", state };
  if (state === undefined) {
    return shown === undefined
      ? { verdict: 'unsigned', reason: 'its refs are not any state that was signed, and it does not say that they are' }
      : { verdict: 'forged', reason: 'its refs are not any state that was signed' };
  }
  if (seenAt >= 0 && stateAt > seenAt) {
    return {
      verdict: 'rolled-back',
      reason: `its refs are older than ${nameOf(chain[seenAt])}, which they were`,
      state,
    };
  }
  if (stateAt > 0) {
    return { verdict: 'stale', reason: `its refs are ${nameOf(state)}; the newest is ${nameOf(newest)}`, state };
  }
  if (originDigest !== undefined) {
    return { verdict: 'stale', reason: 'its refs are the newest that was signed, and the origin has moved on', state };
  }
  if (newest.statement.expiresAt < nowSeconds) {
    return { verdict: 'stale', reason: `its refs are ${nameOf(state)}, which has expired`, state };
  }
  return { verdict: 'fresh', reason: `its refs are ${nameOf(state)}, the newest`, state };
}

function nameOf(stored: StoredStatement | undefined): string {
  return stored === undefined ? 'no state' : `state ${String(stored.statement.sequence)}`;
}
