import { notifyOrigin, type NotifyOutcome } from '../client/notify-origin.ts';
import { ServiceTally } from '../client/service-tally.ts';
import { userAgent } from '../core/version.ts';
import { gitCredentialSource } from '../transport/credential-helper.ts';
import type { MirrorNotice } from '../wire/mirrors/mirror-list.ts';
import type { Options } from './client.ts';

/** The origin calls the mirror back before it answers. */
const timeoutMs = 60_000;

/**
 * Tells the origin at `url` that there is a mirror (row M7), with the credentials that a client made with `options` has for
 * its sources. Throws what opening a session throws, and the reason of `signal`.
 */
export async function tellOrigin(
  url: string,
  notice: MirrorNotice,
  options: Options,
  signal: AbortSignal,
): Promise<NotifyOutcome> {
  const endpoint = { url };
  const { env, caFile, dispatcher, tracePacket } = options;
  return notifyOrigin(
    {
      endpoint,
      auth: await options.auth?.authFor(endpoint, 'source'),
      credentials: options.useCredentialHelper === false ? undefined : gitCredentialSource({ env }),
      dispatcher,
      userAgent: userAgent(options.userAgentPrefix),
      caFile,
      env,
      tally: new ServiceTally('origin git-upload-pack'),
      tracePacket,
      signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
    },
    notice,
  );
}
