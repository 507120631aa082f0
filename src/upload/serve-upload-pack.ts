import { GitMirrorError } from '../core/error.ts';
import { advertiseV0, advertiseV2 } from './advertise.ts';
import { answerV0 } from './answer-v0.ts';
import { answerV2Command } from './answer-v2.ts';
import { NeedsGitError, Refusal } from './upload-error.ts';
import type { UploadExchange } from './upload-exchange.ts';
import { UploadSession } from './upload-session.ts';

/**
 * Runs one exchange of git-upload-pack(1): gitprotocol-v2 and gitprotocol-pack, with the repository's own configuration.
 *
 * Resolves when git would have ended, also when that is after an `ERR` packet or a message on band 3; what it said is in
 * the facts as `refusal`. Where git dies without a word to the client, it rejects:
 *
 * - `GM_PROTOCOL`: the request makes no sense (400). The message is what git would have logged.
 * - `GM_CORRUPT`, `GM_LIMIT`, `GM_SYSTEM`, `GM_INTERNAL`: the repository cannot be read, or its configuration is wrong (500).
 * - {@link NeedsGitError}: nothing has been read or written yet, and only git can serve this repository as configured.
 * - The reason of the signal, or of the sink: the client is gone.
 *
 * An answer may have begun by then; it must not be ended as if it were whole.
 *
 * @example
 * await serveUploadPack({ repository, mode: 'advertise', gitProtocol: 'version=2', input: streamOf(), output, ...rest });
 */
export async function serveUploadPack(exchange: UploadExchange): Promise<void> {
  exchange.signal.throwIfAborted();
  const session = new UploadSession(exchange);
  let isLeftToGit = false;
  try {
    session.requireView();
    isLeftToGit = needsGit(session);
    if (isLeftToGit) throw new NeedsGitError('uploadpack.packObjectsHook');
    exchange.observer.facts({ protocol: session.version });
    await converse(session);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    exchange.observer.facts({ refusal: error.message });
    await session.reply.error(error.message).send();
  } finally {
    // Git then reads the input that nobody has touched.
    if (!isLeftToGit) await session.packets.release();
  }
}

/** Git itself knows nothing of a remote's refs: it would show others. */
function needsGit({ exchange, repository, view }: UploadSession): boolean {
  if (exchange.mode === 'advertise' || !repository.config.getProtected('uploadpack.packobjectshook')) return false;
  if (view.remote === undefined) return true;
  throw new GitMirrorError(
    'GM_SYSTEM',
    `The refs of the remote ${view.remote} are served: uploadpack.packObjectsHook cannot be followed. Unset one of the two.`,
  );
}

async function converse(session: UploadSession): Promise<void> {
  const { mode, observer } = session.exchange;
  const isStateless = mode === 'answer';
  if (mode === 'advertise') observer.facts({ command: 'advertise' });
  if (session.version === 2) {
    if (!isStateless) await advertiseV2(session);
    if (mode === 'advertise') return;
    while (await answerV2Command(session)) if (isStateless) return;
  } else {
    if (!isStateless) await advertiseV0(session, mode === 'advertise');
    if (mode !== 'advertise') await answerV0(session);
  }
}
