/**
 * Replicate Git repositories from remote to remote, with no clone in between.
 *
 * @module git-mirror
 */
export { isGitMirrorError, GitMirrorError, type ErrorCode, type ErrorDetails } from './core/error.ts';
export type { RefKind } from './core/ref-name.ts';
export type { Client, Options } from './sync/client.ts';
