import { createServer, type Server, type Socket } from 'node:net';
import { GitMirrorError, messageOf } from '../core/error.ts';
import { encodePacket } from '../wire/pkt-line.ts';
import { printableText } from '../wire/printable-text.ts';
import { DaemonConversation } from './daemon-conversation.ts';
import { decodeDaemonRequest, nameOfDaemonPath, type DaemonRequest } from './daemon-request.ts';
import { defaultHandlerLimits, type HandlerLimits } from './handler-limits.ts';
import { findAsked } from './find-asked.ts';
import type { MirrorService } from './mirrors/mirror-service.ts';
import type { RepositoryLookup } from './repository-lookup.ts';
import { RequestGate } from './request-gate.ts';
import type { RequestRecord, RequestWatcher } from './request-record.ts';
import type { UploadService } from './upload-service.ts';

/** Options of {@link createGitDaemon}. */
export interface GitDaemonOptions {
  readonly repositories: RepositoryLookup;
  readonly upload: UploadService;
  readonly limits?: Partial<HandlerLimits> | undefined;
  /** Shared with the HTTP side, so that both together stay within their bound. */
  readonly gate?: RequestGate | undefined;
  /** `GIT_NAMESPACE`; default none. */
  readonly namespace?: string | undefined;
  /** Finds repositories by other URLs, and says which mirrors there are. */
  readonly mirrors?: MirrorService | undefined;
  /** Told of each connection when it is over. */
  readonly onRequest?: ((record: RequestRecord) => void) | undefined;
  readonly watchers?: readonly RequestWatcher[] | undefined;
}

/** What the client is told; git-daemon(1) without `--informative-errors` says no more either. */
class Refusal extends GitMirrorError {
  override readonly name = 'Refusal';
  readonly packetText: string;

  constructor(packetText: string, message: string) {
    super('GM_FORBIDDEN', message);
    this.packetText = packetText;
  }
}

/**
 * A server for git:// (git-daemon(1)): the first packet says what is wanted, then the upload service converses. Only
 * reading is served. The caller makes it listen.
 */
export function createGitDaemon(options: GitDaemonOptions): Server {
  const limits = { ...defaultHandlerLimits, ...options.limits };
  const gate = options.gate ?? new RequestGate(limits.maxConcurrentRequests, limits.maxRequestsPerClient);
  return createServer({ allowHalfOpen: true, noDelay: true, keepAlive: true }, (socket) => {
    void serve(socket, options, limits, gate);
  });
}

async function serve(
  socket: Socket,
  options: GitDaemonOptions,
  limits: HandlerLimits,
  gate: RequestGate,
): Promise<void> {
  const conversation = new DaemonConversation(socket, limits);
  const ends = options.watchers?.map((watcher) => watcher.begin({})) ?? [];
  try {
    const payload = await conversation.readFirstPacket();
    await answer(conversation, decodeDaemonRequest(payload), options, limits, gate);
    await conversation.end();
  } catch (error) {
    conversation.failedWith(messageOf(error));
    if (error instanceof Refusal) await conversation.refuse(encodePacket(`ERR ${error.packetText}`));
  } finally {
    const record = conversation.finish();
    for (const end of ends) end(record);
    options.onRequest?.(record);
  }
}

async function answer(
  conversation: DaemonConversation,
  request: DaemonRequest,
  options: GitDaemonOptions,
  limits: HandlerLimits,
  gate: RequestGate,
): Promise<void> {
  const { service, path, gitProtocol } = request;
  conversation.describe(undefined, gitProtocol);
  const denied = (why: string): Refusal =>
    new Refusal(`access denied or repository not exported: ${path}`, `${printableText(path, 200)}: ${why}`);
  if (service !== 'git-upload-pack') throw denied(`the service ${printableText(service, 40)} is not enabled`);
  const name = nameOfDaemonPath(path);
  if (name === undefined) throw denied('no path of a repository');
  const { mirrors } = options;
  const found = await findAsked(options.repositories, mirrors, { name, gitProtocol, url: undefined });
  if (found.kind === 'preparing') {
    throw new Refusal('the first copy of this repository is still being made, try again', `${found.name}: preparing`);
  }
  if (found.kind === 'unknown' && found.valid.length > 0) {
    throw new Refusal(
      `no such repository here; there are: ${found.valid.join(' ')}`,
      `${found.kind}: not a URL of ours`,
    );
  }
  if (found.kind !== 'found') throw denied(found.kind === 'unsafe' ? found.reason : found.kind);
  conversation.describe(found.name, gitProtocol);
  const { remoteAddress } = conversation;
  const entrance = gate.enter(remoteAddress ?? '');
  if ('full' in entrance) throw new Refusal('this server has too much to do, try again in a moment', 'too busy');
  try {
    await conversation.send(
      options.upload.run({
        directory: found.directory,
        gitProtocol,
        namespace: options.namespace ?? '',
        mode: 'converse',
        input: conversation.input(),
        limits,
        observer: conversation.report,
        signal: conversation.signal,
        remoteAddress,
        mirrors: mirrors?.directoryFor({ ...found, url: undefined }, { remoteAddress }),
      }),
    );
  } finally {
    entrance.leave();
  }
}
