import type { CallOptions } from '../../sync/progress.ts';
import { clientSettings } from '../client-options.ts';
import { readCredentials } from '../credentials.ts';
import type { Invocation } from '../invocation.ts';
import { Console } from '../output/console.ts';
import type { ReplicationClient } from '../replication-client.ts';

/** Calls the client once. */
export type ClientCall<Result> = (client: ReplicationClient, options: CallOptions) => Promise<Result>;

/**
 * Runs `call` with a client made from the flags and the environment, showing progress meanwhile. Whatever was opened
 * is closed before it returns or throws, and the line of progress is gone before the signal of the user is answered.
 */
export async function runWithClient<Result>(
  invocation: Invocation,
  call: ClientCall<Result>,
): Promise<{ readonly result: Result; readonly console: Console }> {
  const { signal } = invocation;
  const credentials = await readCredentials(invocation);
  invocation.keepSecret(credentials.secrets);
  const console = new Console(invocation.host, invocation.flags, credentials.secrets);
  const { options, trace } = clientSettings(invocation, credentials);
  let closeProgress: (() => void) | undefined;
  try {
    const client = await invocation.host.openClient(options);
    signal.throwIfAborted();
    const progress = console.openProgress();
    closeProgress = () => progress?.close();
    signal.addEventListener('abort', closeProgress, { once: true });
    const result = await call(
      client,
      progress === undefined ? { signal } : { signal, onProgress: progress.onProgress },
    );
    return { result, console };
  } finally {
    if (closeProgress !== undefined) {
      signal.removeEventListener('abort', closeProgress);
      closeProgress();
    }
    trace?.close();
  }
}
