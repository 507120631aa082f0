import type { ObjectNumber } from '../repository/object-number.ts';
import { commitTableOf, numberForOid } from '../walk/commit-table.ts';
import { computeShallow, infiniteDepth } from '../walk/shallow-boundary.ts';
import type { FetchState } from './fetch-state.ts';
import { tipsOf } from './tips.ts';
import { requestError } from './upload-error.ts';
import type { UploadSession } from './upload-session.ts';

/** Where the history that a client gets is cut. */
export interface ShallowCut {
  /** Commits whose parents it is not to get. */
  readonly boundary: readonly ObjectNumber[];
  /** Commits that were cut at the client and are no longer. */
  readonly unshallowed: readonly ObjectNumber[];
}

/** Where nothing is cut, or only where it was before. */
export const noCut: ShallowCut = { boundary: [], unshallowed: [] };

/**
 * Writes the lines `shallow` and `unshallow` (gitprotocol-pack, "shallow-update"; gitprotocol-v2, "shallow-info") and
 * returns what they say. In v2, whose advertisement has no such lines, a repository that is shallow itself tells so even to
 * clients that did not ask: `tellsOwn`.
 */
export async function sendShallowLines(
  session: UploadSession,
  state: FetchState,
  { tellsOwn }: { readonly tellsOwn: boolean },
): Promise<ShallowCut> {
  const { exchange, repository, reply } = session;
  const { objects } = repository;
  if (state.depth > 0 && state.deepensByRevision) {
    throw requestError('git upload-pack: deepen and deepen-since (or deepen-not) cannot be used together');
  }
  const isAsked = state.depth > 0 || state.deepensByRevision;
  if (!isAsked && (!tellsOwn || repository.shallow.length === 0)) return noCut;
  const { shallow, unshallow } = await computeShallow(
    repository,
    commitTableOf(repository),
    {
      wants: state.wants,
      clientShallow: state.shallows,
      deepen: isAsked ? state.depth : infiniteDepth,
      deepenRelative: isAsked && state.isDepthRelative,
      deepenSince: state.deepenSince,
      deepenNot: Array.from(state.deepenNot.values(), (oid) => numberForOid(objects, oid)),
      ourTips: () => tipsOf(session),
    },
    exchange.signal,
  );
  for (const number of shallow) {
    reply.text(`shallow ${objects.oidOf(number)}`);
    if (reply.isFull) await reply.send();
  }
  for (const number of unshallow) {
    reply.text(`unshallow ${objects.oidOf(number)}`);
    if (reply.isFull) await reply.send();
  }
  return { boundary: shallow, unshallowed: unshallow };
}
