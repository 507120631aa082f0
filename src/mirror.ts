/**
 * Use mirrors from your own program: which there are, which to ask, objects from them, and whether they are fresh. Git moves
 * the objects, so it has to be installed.
 *
 *     const git = openGitProgram(process.env, '/srv/clones/app');
 *     const signal = AbortSignal.timeout(60_000);
 *     const reporter = { note: console.error, detail: () => undefined };
 *     const remoteMirrors = await learnMirrors({ git, remoteMirrors: await readRemoteMirrors(git, 'origin'), reporter, signal });
 *     const [first] = chooseMirrors(remoteMirrors, {});
 *
 * @module git-mirror/mirror
 */
export { errorMeanings, GitMirrorError, isGitMirrorError, type ErrorCode, type ErrorDetails } from './core/error.ts';
export type { ObjectFormat, ObjectId } from './core/object-id.ts';
export type { BulkFetch, BulkRequest, BulkResult, OriginRef } from './mirror/bulk-fetch.ts';
export { chooseMirrors, type MirrorFlags } from './mirror/choose/choose-mirrors.ts';
export { fetchFromMirrors } from './mirror/fetch/fetch-from-mirrors.ts';
export { openGitProgram, type GitOutcome, type GitProgram, type GitRunOptions } from './mirror/git-program.ts';
export { learnMirrors, type LearnRequest } from './mirror/learn/learn-mirrors.ts';
export { listRemote, type ListedRef, type ListOptions, type RemoteListing } from './mirror/list-remote.ts';
export {
  mirrorLimits,
  type MirrorCandidate,
  type MirrorLimits,
  type MirrorReporter,
} from './mirror/mirror-candidate.ts';
export { cloneInParts, type PartsRequest, type PartsResult } from './mirror/parts/clone-in-parts.ts';
export { readRemoteMirrors, type LearnedMirrors, type RemoteMirrors } from './mirror/settings/remote-mirrors.ts';
export type { Judgement, Verdict } from './mirror/state/judge-mirror.ts';
export type { RefStatement, Signer } from './mirror/state/ref-statement.ts';
export { signRefs, type SignedRefs, type SignRefsOptions } from './mirror/state/sign-refs.ts';
export type { StoredStatement } from './mirror/state/statement-store.ts';
export { verifyMirror, type MirrorVerification, type VerifyMirrorOptions } from './mirror/state/verify-mirror.ts';
export type { MirrorEntry, MirrorList, MirrorState, PreferMirrors } from './wire/mirrors/mirror-list.ts';
export { refDigest } from './wire/mirrors/ref-digest.ts';
