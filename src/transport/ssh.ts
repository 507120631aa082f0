import type { ConnectOptions } from './connect-options.ts';
import { openConversation } from './conversation.ts';
import type { SshEndpoint } from './parse-endpoint.ts';
import { describeEnd, startProgram, type ProgramEnding } from './program-channel.ts';
import { protocolRequest } from './protocol-request.ts';
import { refusalOf } from './refusal.ts';
import { programEnvironment } from './repository-environment.ts';
import type { GitMirrorError } from '../core/error.ts';
import type { GitService, ServiceConnection } from './service-connection.ts';
import { shellQuote, sshDestination, sshOptions, sshProgram, type SshProgram, type SshVariant } from './ssh-command.ts';

/** Status with which OpenSSH reports that the connection itself failed. */
const sshFailed = 255;
/** Status with which a shell reports that there is no such command. */
const commandNotFound = 127;

/**
 * Connects through the user's ssh (git-fetch(1), "GIT URLS"; gitprotocol-pack, "SSH Transport"). OpenSSH is told never
 * to ask for anything; `core.sshCommand` and `ssh.variant` of the configuration are not read, only the environment.
 * `displayUrl` names the remote in messages. Throws what {@link openConversation} does, `GM_SYSTEM` without an ssh
 * program, and `GM_USAGE` when that program cannot take a port.
 */
export async function connectSsh(
  endpoint: SshEndpoint,
  displayUrl: string,
  options: ConnectOptions,
): Promise<ServiceConnection> {
  options.signal?.throwIfAborted();
  const env = programEnvironment(options.env ?? process.env, { keepConfiguration: false });
  const protocol = protocolRequest(options);
  const request = { endpoint, protocol, connectTimeoutMs: options.connectTimeoutMs };
  const program = sshProgram(env);
  const destination = sshDestination(endpoint);
  const variant =
    program.variant ??
    (await detectVariant(program, [...sshOptions('ssh', request), destination], env, displayUrl, options.signal));
  if (variant === 'ssh' && protocol !== undefined) env['GIT_PROTOCOL'] = protocol;
  else delete env['GIT_PROTOCOL'];
  const remoteCommand = `${options.service} ${shellQuote(endpoint.path)}`;
  const channel = await startProgram({
    ...commandOf(program, [...sshOptions(variant, request), destination, remoteCommand]),
    env,
    service: options.service,
    missing: missingSentence(program, displayUrl),
    explain: (ending) => explainSshEnd(ending, program, options.service, displayUrl),
  });
  return openConversation(channel, displayUrl, options);
}

function commandOf(program: SshProgram, args: readonly string[]): { command: string; args: readonly string[] } {
  if (!program.isShellCommand) return { command: program.command, args };
  return { command: 'sh', args: ['-c', `${program.command} "$@"`, program.command, ...args] };
}

/** A program of unknown kind is OpenSSH if it can print its settings (`-G`), as Git finds out too. */
async function detectVariant(
  program: SshProgram,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  displayUrl: string,
  signal: AbortSignal | undefined,
): Promise<SshVariant> {
  const channel = await startProgram({
    ...commandOf(program, ['-G', ...args]),
    env,
    service: 'git-upload-pack',
    missing: missingSentence(program, displayUrl),
    explain: (ending) => explainSshEnd(ending, program, 'git-upload-pack', displayUrl),
  });
  const abandon = () => {
    channel.abandon();
  };
  signal?.addEventListener('abort', abandon, { once: true });
  try {
    while ((await channel.read()) !== undefined);
    return (await channel.explainEnd({ spoke: true })) === undefined ? 'ssh' : 'simple';
  } catch {
    return 'simple';
  } finally {
    signal?.removeEventListener('abort', abandon);
    await channel.finish();
    signal?.throwIfAborted();
  }
}

function missingSentence(program: SshProgram, displayUrl: string): string {
  const setting = program.command === 'ssh' ? '' : `: check GIT_SSH_COMMAND and GIT_SSH`;
  return `Talking to ${displayUrl} failed: git-mirror needs ssh on the PATH, and ${program.command} was not found${setting}`;
}

function explainSshEnd(ending: ProgramEnding, program: SshProgram, service: GitService, url: string): GitMirrorError {
  const { exitCode, signal, text } = ending;
  const common = { url, speaker: 'ssh', text };
  if (exitCode === commandNotFound) {
    // Both shells report it with this status: the one here for ssh, the one there for the service.
    return text.includes(service)
      ? refusalOf({ ...common, otherwise: 'GM_REMOTE', happened: `the host has no ${service} on its PATH` })
      : refusalOf({ ...common, otherwise: 'GM_SYSTEM', happened: `the command ${program.command} was not found` });
  }
  return refusalOf({
    ...common,
    otherwise: exitCode === sshFailed || signal !== undefined ? 'GM_NETWORK' : 'GM_REMOTE',
    happened: describeEnd('ssh', ending),
  });
}
