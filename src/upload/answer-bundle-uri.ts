import { requestError } from './upload-error.ts';
import type { UploadSession } from './upload-session.ts';

/** Answers `bundle-uri` (gitprotocol-v2, "bundle-uri"): the settings `bundle.*` as they are. */
export async function answerBundleUri({ packets, reply, repository }: UploadSession): Promise<void> {
  const item = await packets.read();
  if (item.type === 'line') throw requestError(`bundle-uri: unexpected argument: '${item.line}'`);
  if (item.type === 'end') throw requestError('the remote end hung up unexpectedly');
  if (item.type !== 'flush') throw requestError('bundle-uri: expected flush after arguments');
  for (const [key, value] of repository.config.entries('bundle.')) {
    if (value !== undefined && value !== '') reply.text(`${key}=${value}`);
    if (reply.isFull) await reply.send();
  }
  await reply.flush().send();
}
