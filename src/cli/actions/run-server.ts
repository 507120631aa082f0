import type { Invocation } from '../invocation.ts';
import { servingOptions } from '../serving-options.ts';

/** `git mirror serve`. A stop signal is no failure: requests that are running may finish. */
export async function runServer(invocation: Invocation): Promise<number> {
  const { host, flags, operands } = invocation;
  return host.runServe({
    ...servingOptions(flags, host.env),
    root: operands[0] ?? '.',
    listen: flags.listen,
    // A port that was asked for is the one that is meant.
    nextFreePort: flags.listen?.port === undefined,
    exportAll: flags.exportAll,
    allowPush: flags.allowPush,
    namespace: flags.namespace,
    drainMs: flags.drain,
    json: flags.json,
    verbose: flags.verbose,
    quiet: flags.quiet,
    write: (line) => void host.stdout.write(line),
    signal: invocation.signal,
  });
}
