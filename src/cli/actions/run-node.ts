import { homedir } from 'node:os';
import { join } from 'node:path';
import { GitMirrorError } from '../../core/error.ts';
import { tellOrigin } from '../../sync/tell-origin.ts';
import { clientSettings } from '../client-options.ts';
import { readCredentials } from '../credentials.ts';
import type { Invocation } from '../invocation.ts';
import { servingOptions } from '../serving-options.ts';

/** Where a node keeps its copies unless told otherwise (XDG Base Directory Specification). */
function defaultDataFolder(env: NodeJS.ProcessEnv): string {
  const base = env['XDG_DATA_HOME'];
  const folder = base === undefined || base === '' ? join(homedir(), '.local', 'share') : base;
  return join(folder, 'git-mirror');
}

/** `git mirror up`. A stop signal is no failure: the node lets what is running finish. */
export async function runNode(invocation: Invocation): Promise<number> {
  const { host, flags, operands } = invocation;
  if (flags.announce === true && flags.publicUrl === undefined) {
    throw new GitMirrorError('GM_USAGE', 'Say with --public-url what clients call this server: upstreams pass it on', {
      details: { field: 'publicUrl' },
    });
  }
  const credentials = await readCredentials(invocation);
  invocation.keepSecret(credentials.secrets);
  const { options, trace } = clientSettings(invocation, credentials);
  try {
    return await host.runUp({
      ...servingOptions(flags, host.env),
      repositories: operands,
      dataDir: flags.data ?? defaultDataFolder(host.env),
      listen: flags.listen,
      // A port that was asked for is the one that is meant.
      nextFreePort: flags.listen?.port === undefined,
      intervalMs: flags.interval,
      once: flags.once,
      advertiseMirrors: flags.advertiseMirrors,
      tellOrigin:
        flags.announce === true ? (url, notice, signal) => tellOrigin(url, notice, options, signal) : undefined,
      client: await host.openClient(options),
      json: flags.json,
      verbose: flags.verbose,
      quiet: flags.quiet,
      write: (line) => void host.stdout.write(line),
      signal: invocation.signal,
    });
  } finally {
    trace?.close();
  }
}
