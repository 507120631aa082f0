import { delimiter } from 'node:path';
import { GitMirrorError } from '../core/error.ts';
import type { ConnectOptions } from './connect-options.ts';
import { openConversation } from './conversation.ts';
import { findProgram, gitExecPath, pathFolders } from './find-program.ts';
import { HelperCommands } from './helper-commands.ts';
import type { HelperEndpoint } from './parse-endpoint.ts';
import { describeEnd, startProgram, type ProgramChannel } from './program-channel.ts';
import { protocolRequest } from './protocol-request.ts';
import { refusalOf } from './refusal.ts';
import { programEnvironment, withConfiguration } from './repository-environment.ts';
import type { ServiceConnection } from './service-connection.ts';
import { StatelessConversation } from './stateless-conversation.ts';

/** How long a helper may take to list its capabilities and to connect. */
const defaultIdleTimeoutMs = 600_000;

/**
 * Connects through `git-remote-<helper>` (gitremote-helpers(7)), found where Git finds it: in `git --exec-path` and on
 * the `PATH`. `connect` is used when the helper has it, as Git does, else `stateless-connect`, which only serves
 * fetches in protocol version 2. `remote` is what Git gives a helper as the name of a remote without a name: the URL.
 *
 * Throws what {@link openConversation} does, `GM_SYSTEM` when there is no such helper, and `GM_PROTOCOL` for one that
 * only moves objects in and out of a repository on disk, or cannot serve what is asked.
 */
export async function connectHelper(
  endpoint: HelperEndpoint,
  remote: string,
  displayUrl: string,
  options: ConnectOptions,
): Promise<ServiceConnection> {
  const { signal } = options;
  signal?.throwIfAborted();
  const name = `git-remote-${endpoint.helper}`;
  const channel = await startHelper(endpoint, remote, displayUrl, options, name);
  const guard = guardStart(channel, displayUrl, options);
  try {
    const commands = new HelperCommands(channel, name);
    const command = await chooseCommand(commands, name, displayUrl, options);
    guard.release();
    const conversation = await openConversation(channel, displayUrl, options, commands.ahead);
    if (command === 'connect') return conversation;
    return new StatelessConversation({
      conversation,
      meter: options.meter,
      name,
      said: () => channel.said,
    });
  } catch (error) {
    channel.abandon();
    await channel.finish();
    throw guard.reason() ?? error;
  } finally {
    guard.release();
  }
}

async function startHelper(
  endpoint: HelperEndpoint,
  remote: string,
  url: string,
  options: ConnectOptions,
  name: string,
): Promise<ProgramChannel> {
  const inherited = programEnvironment(options.env ?? process.env, { keepConfiguration: true });
  const execPath = await gitExecPath(inherited);
  const folders = [...(execPath === undefined ? [] : [execPath]), ...pathFolders(inherited)];
  const missing = `Talking to ${url} failed: the remote helper ${name} is not installed; put it on the PATH`;
  const command = await findProgram(name, folders);
  if (command === undefined) throw new GitMirrorError('GM_SYSTEM', missing, { details: { url } });
  const protocol = protocolRequest(options);
  // A helper that is Git's reads the version from the configuration, and one that starts a service leaves it GIT_PROTOCOL.
  const env = withConfiguration(inherited, 'protocol.version', protocol?.replace('version=', '') ?? '0');
  env['PATH'] = folders.join(delimiter);
  if (protocol === undefined) delete env['GIT_PROTOCOL'];
  else env['GIT_PROTOCOL'] = protocol;
  return startProgram({
    command,
    args: [remote, endpoint.address],
    env,
    service: options.service,
    missing,
    explain: (ending) =>
      refusalOf({
        url,
        speaker: name,
        text: ending.text,
        otherwise: 'GM_REMOTE',
        happened: describeEnd(name, ending),
      }),
  });
}

async function chooseCommand(
  commands: HelperCommands,
  name: string,
  url: string,
  { service, protocol }: ConnectOptions,
): Promise<'connect' | 'stateless-connect'> {
  const capabilities = await commands.capabilities();
  if (capabilities.has('connect') && (await commands.connect('connect', service))) return 'connect';
  const canBeStateless = service === 'git-upload-pack' && protocol === 2;
  if (capabilities.has('stateless-connect') && canBeStateless) {
    if (await commands.connect('stateless-connect', service)) return 'stateless-connect';
    throw new GitMirrorError(
      'GM_PROTOCOL',
      `Talking to ${url} failed: ${name} finds no server with protocol version 2 there, and relay needs it through this helper`,
      { details: { url } },
    );
  }
  const why = capabilities.has('stateless-connect')
    ? 'serves relay only for fetches in protocol version 2'
    : 'moves objects only in and out of a repository on disk (it has neither connect nor stateless-connect), so relay through it is impossible';
  throw new GitMirrorError(
    'GM_PROTOCOL',
    `Talking to ${url} failed: ${name} ${why}; use another URL for this repository`,
    {
      details: { url, capabilities: [...capabilities].slice(0, 20) },
    },
  );
}

/** Ends the helper on abort and on silence, until {@link openConversation} watches over it. */
function guardStart(
  channel: ProgramChannel,
  url: string,
  { signal, idleTimeoutMs = defaultIdleTimeoutMs }: ConnectOptions,
): { release(): void; reason(): unknown } {
  let reason: unknown;
  const onAbort = () => {
    reason ??= signal?.reason;
    channel.abandon();
  };
  const timer = setTimeout(() => {
    reason ??= new GitMirrorError(
      'GM_TIMEOUT',
      `${url} has been silent for ${Math.round(idleTimeoutMs / 1000)} s: try again later`,
      { details: { url, idleTimeoutMs } },
    );
    channel.abandon();
  }, idleTimeoutMs);
  signal?.addEventListener('abort', onAbort, { once: true });
  if (signal?.aborted === true) onAbort();
  return {
    release() {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
    },
    reason: () => reason,
  };
}
