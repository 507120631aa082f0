import { commitTableOf } from '../walk/commit-table.ts';
import { isReachableFrom } from '../walk/reachability.ts';
import { notOurRef } from './require-wanted.ts';
import { tipsOf } from './tips.ts';
import type { UploadSession } from './upload-session.ts';
import type { V0Request } from './v0-request.ts';

/**
 * Whether a client of protocol v0 or v1 may have what it wants: what refs name, or what the repository allows besides
 * (`uploadpack.allow*InWant`). Over stateless transports refs may have moved since they were advertised, so that what they
 * reach is allowed too.
 *
 * @throws Refusal for the first that is not allowed.
 */
export async function checkWants(session: UploadSession, request: V0Request): Promise<void> {
  const { config, exchange, repository } = session;
  if (config.allowAnyInWant || request.wants.length === 0) return;
  const tips = tipsOf(session);
  const others = request.wants.filter((want) => !tips.has(want));
  const [first] = others;
  if (first === undefined) return;
  const mayBeReachable = exchange.mode === 'answer' || config.allowReachableInWant;
  const commits = commitTableOf(repository);
  if (mayBeReachable && (await isReachableFrom(repository, commits, tips, others, exchange.signal))) return;
  throw notOurRef(repository.objects.oidOf(first));
}
