import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { GitMirrorError } from '../core/error.ts';
import { programEnvironment } from '../transport/repository-environment.ts';

const run = promisify(execFile);

/** Variables of a caller that would change what is served, besides those that every program is kept from. */
const servingVariables = new Set([
  'GIT_NAMESPACE',
  'GIT_PROTOCOL',
  'GIT_PROJECT_ROOT',
  'GIT_HTTP_EXPORT_ALL',
  'GATEWAY_INTERFACE',
]);

/** `env` for git programs that serve a repository: nothing that binds them to the caller's own is left. */
export function servingEnvironment(env: Readonly<NodeJS.ProcessEnv>): NodeJS.ProcessEnv {
  const clean = programEnvironment(env, { keepConfiguration: false });
  return Object.fromEntries(
    Object.entries(clean).filter(([name]) => !servingVariables.has(name) && !name.startsWith('HTTP_')),
  );
}

/**
 * The folder in which this machine's git keeps its programs (`git --exec-path`). Throws `GM_SYSTEM` when there is no
 * git.
 */
export async function findGitExecPath(env: Readonly<NodeJS.ProcessEnv>): Promise<string> {
  try {
    const { stdout } = await run('git', ['--exec-path'], { env: servingEnvironment(env), timeout: 10_000 });
    return stdout.trim();
  } catch (cause) {
    throw new GitMirrorError(
      'GM_SYSTEM',
      'git cannot be started: install git 2.30 or newer and make sure it is in PATH',
      {
        cause,
      },
    );
  }
}
