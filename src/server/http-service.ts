import type { ByteStream } from '../core/byte-stream.ts';
import { concatStreams, streamOf } from '../core/byte-stream.ts';
import { isGitMirrorError, messageOf, type ErrorCode } from '../core/error.ts';
import type { Repository } from '../repository/repository.ts';
import { PacketWriter } from '../wire/pkt-line.ts';
import { printableText } from '../wire/printable-text.ts';
import { answerDumbFile } from './dumb-files.ts';
import { isNeedsGitError, type GitBackend, type GitRequest, type GitResponse } from './git-backend.ts';
import { refusal } from './git-response.ts';
import { noCacheHeaders } from './http-headers.ts';
import { inflateBody, isGzip } from './inflate-body.ts';
import { protocolVersionOf } from '../upload/protocol-version.ts';
import { RequestRefusedError } from './request-refused-error.ts';
import type { UploadService } from './upload-service.ts';

/** Opens repositories on the thread that answers HTTP: for configuration and for the dumb protocol. */
export interface RepositoryOpener {
  /** The caller releases it at once. Throws `GM_CORRUPT` or `GM_NOT_FOUND` for what is no repository. */
  acquire(directory: string): { readonly repository: Repository; release(): void };
}

/** Options of {@link createHttpService}. */
export interface HttpServiceOptions {
  readonly upload: UploadService;
  readonly repositories: RepositoryOpener;
  /** `GIT_NAMESPACE`; default none. */
  readonly namespace?: string | undefined;
}

const requestType = 'application/x-git-upload-pack-request';

/**
 * git-http-backend(1) without the program: everything that is HTTP around an {@link UploadService}, and the dumb
 * protocol. `http.getanyfile` and `http.uploadpack` of the repository are honoured; the only service is upload-pack.
 *
 * Where git-http-backend has sent "200" before it finds a request malformed, this one says 400.
 */
export function createHttpService(options: HttpServiceOptions): GitBackend {
  const { upload, repositories, namespace = '' } = options;
  return {
    async handle(request) {
      const isService = request.path === 'git-upload-pack' || request.query !== '';
      const lease = repositories.acquire(request.directory);
      try {
        const { repository } = lease;
        const isEnabled = repository.config.getBoolean(isService ? 'http.uploadpack' : 'http.getanyfile') ?? true;
        if (!isEnabled) return refusal(403);
        const { path, signal } = request;
        if (!isService) return await answerDumbFile({ repository, path, namespace, signal });
      } finally {
        lease.release();
      }
      return request.method === 'GET' ? advertise(request, upload, namespace) : answer(request, upload, namespace);
    },
  };
}

async function advertise(request: GitRequest, upload: UploadService, namespace: string): Promise<GitResponse> {
  const { directory, gitProtocol, limits, observer, signal, mirrors } = request;
  const run = upload.run({
    directory,
    gitProtocol,
    namespace,
    mode: 'advertise',
    input: streamOf(),
    limits,
    observer,
    signal,
    mirrors,
  });
  const body = await begun(run);
  const isV2 = protocolVersionOf(gitProtocol) === 2;
  const heading = isV2 ? [] : [new PacketWriter(64).line('# service=git-upload-pack').flush().finish()];
  return {
    status: 200,
    headers: [...noCacheHeaders, ['Content-Type', 'application/x-git-upload-pack-advertisement']],
    body: concatStreams(heading, body),
  };
}

async function answer(request: GitRequest, upload: UploadService, namespace: string): Promise<GitResponse> {
  const { directory, gitProtocol, limits, observer, signal, mirrors, headers, maxBodyBytes } = request;
  const contentType = headers.get('content-type') ?? '';
  if (contentType !== requestType) {
    const shown = printableText(contentType);
    return refusal(415, `Expected POST with Content-Type '${requestType}', but received '${shown}' instead.\n`);
  }
  const isCompressed = isGzip(headers.get('content-encoding'));
  const input = isCompressed ? inflateBody(request.body, maxBodyBytes) : request.body;
  const run = upload.run({
    directory,
    gitProtocol,
    namespace,
    mode: 'answer',
    input,
    limits,
    observer,
    signal,
    mirrors,
  });
  return {
    status: 200,
    headers: [...noCacheHeaders, ['Content-Type', 'application/x-git-upload-pack-result']],
    body: await begun(run),
  };
}

/** Statuses for what goes wrong before the first byte; whatever is not here is an error of the server. */
const statusOf: Partial<Record<ErrorCode, number>> = {
  GM_PROTOCOL: 400,
  GM_USAGE: 400,
  GM_OBJECT_FORMAT: 400,
  GM_TOO_LARGE: 413,
  GM_NOT_FOUND: 404,
  GM_BUSY: 503,
  GM_TIMEOUT: 504,
};

/** Waits for the first bytes of `stream`, so that a failure before them still has its status. */
async function begun(stream: ByteStream): Promise<ByteStream> {
  const iterator = stream[Symbol.asyncIterator]();
  try {
    const first = await iterator.next();
    return first.done === true ? streamOf() : continued(first.value, iterator);
  } catch (error) {
    if (!isGitMirrorError(error) || isNeedsGitError(error)) throw error;
    const status = statusOf[error.code];
    if (status === undefined) throw error;
    throw new RequestRefusedError(status, messageOf(error), error);
  }
}

async function* continued(
  first: Uint8Array,
  iterator: AsyncIterator<Uint8Array>,
): AsyncGenerator<Uint8Array, void, void> {
  try {
    yield first;
    for (let next = await iterator.next(); next.done !== true; next = await iterator.next()) yield next.value;
  } finally {
    await iterator.return?.();
  }
}
