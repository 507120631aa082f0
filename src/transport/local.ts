import type { GitMirrorError } from '../core/error.ts';
import type { ConnectOptions } from './connect-options.ts';
import { openConversation } from './conversation.ts';
import { assertMayBeRepository } from './local-repository.ts';
import type { LocalEndpoint } from './parse-endpoint.ts';
import { describeEnd, startProgram, type ProgramEnding } from './program-channel.ts';
import { protocolRequest } from './protocol-request.ts';
import { refusalOf } from './refusal.ts';
import { programEnvironment } from './repository-environment.ts';
import type { ServiceConnection } from './service-connection.ts';

/**
 * Connects to a repository on this machine by running `git upload-pack` or `git receive-pack` in it. The variables that
 * name the repository of the caller are kept from it. `displayUrl` names the repository in messages. Throws what
 * {@link openConversation} does, `GM_NOT_FOUND` when there is no repository, and `GM_SYSTEM` without git.
 */
export async function connectLocal(
  endpoint: LocalEndpoint,
  displayUrl: string,
  options: ConnectOptions,
): Promise<ServiceConnection> {
  options.signal?.throwIfAborted();
  await assertMayBeRepository(endpoint.path);
  const env = programEnvironment(options.env ?? process.env, { keepConfiguration: false });
  const protocol = protocolRequest(options);
  if (protocol === undefined) delete env['GIT_PROTOCOL'];
  else env['GIT_PROTOCOL'] = protocol;
  const channel = await startProgram({
    command: 'git',
    args: [options.service.replace(/^git-/, ''), endpoint.path],
    env,
    service: options.service,
    missing: `Opening the repository ${displayUrl} failed: git-mirror needs git on the PATH for a local repository`,
    explain: (ending) => explainGitEnd(ending, displayUrl),
  });
  return openConversation(channel, displayUrl, options);
}

function explainGitEnd(ending: ProgramEnding, url: string): GitMirrorError {
  const { text } = ending;
  return refusalOf({ url, speaker: 'git', text, otherwise: 'GM_REMOTE', happened: describeEnd('git', ending) });
}
