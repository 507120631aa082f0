/**
 * Serve Git repositories over Smart HTTP, from `node:http`, Fastify or Express.
 *
 * @module git-mirror/server
 */
export { errorMeanings, GitMirrorError, isGitMirrorError, type ErrorCode, type ErrorDetails } from './core/error.ts';
export type { ByteStream } from './core/byte-stream.ts';
export { defaultBackend, type BackendChoice } from './server/backend-choice.ts';
export { createGitHandler, type GitHandler, type GitHandlerOptions } from './server/create-handler.ts';
export type { GitBackend, GitRequest, GitResponse } from './server/git-backend.ts';
export type { BackendWarning } from './server/git-http-backend.ts';
export { defaultHandlerLimits, type HandlerLimits } from './server/handler-limits.ts';
export type { HeaderList } from './server/http-headers.ts';
export type { MirrorOptions } from './server/mirrors/open-mirror-service.ts';
export { ServerMetrics } from './server/metrics.ts';
export { createMetricsHandler } from './server/metrics-handler.ts';
export type { FoundRepository, RepositoryLookup, ServedRepository } from './server/repository-lookup.ts';
export type { BackendName, RequestObserver, TimedPhase } from './server/request-observer.ts';
export {
  resultOf,
  type RequestHeaders,
  type RequestRecord,
  type RequestResult,
  type RequestWatcher,
} from './server/request-record.ts';
export { NeedsGitError } from './upload/upload-error.ts';
export type { UploadLimits } from './upload/upload-limits.ts';
export type { UploadFacts, UploadObserver, UploadPhase } from './upload/upload-observer.ts';
