import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { startServerProcess } from './server-process.ts';

const run = promisify(execFile);

/** A running OpenSSH server that lets this user in with a key made for it. */
export interface SshdServer {
  readonly port: number;
  readonly user: string;
  /** `ssh://user@127.0.0.1:port/…` of a path below the root, or of an absolute path. */
  urlFor(path: string): string;
  /** What a client needs in its environment to get in without being asked. */
  readonly env: { readonly GIT_SSH_COMMAND: string };
  /** The same, with a key that the server does not know. */
  readonly strangerEnv: { readonly GIT_SSH_COMMAND: string };
  /** The same as `env` for a client that has never seen the server and takes no key on trust. */
  readonly newcomerEnv: { readonly GIT_SSH_COMMAND: string };
  close(): Promise<void>;
}

/** Where sshd is; it must be started by its full path. Undefined on a machine without one. */
export const sshdPath = ['/usr/sbin/sshd', '/usr/local/sbin/sshd', '/opt/homebrew/sbin/sshd'].find((path) =>
  existsSync(path),
);

/**
 * Starts sshd on a free port of 127.0.0.1 with keys and configuration of its own, in a temporary folder. Commands run
 * as this user, see no configuration of Git but the repository's, and get `GIT_PROTOCOL` from the client.
 */
export async function startSshd(options: { readonly root: string }): Promise<SshdServer> {
  if (sshdPath === undefined) throw new Error('There is no sshd here: install OpenSSH (Debian: openssh-server)');
  const user = userInfo().username;
  const folder = await mkdtemp(join(tmpdir(), 'git-mirror-sshd-'));
  try {
    for (const name of ['host', 'client', 'stranger']) {
      await run('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', name, '-f', join(folder, name)]);
    }
    await copyFile(join(folder, 'client.pub'), join(folder, 'authorized_keys'));
    // The folder into which sshd drops its privileges; packages make it when the system starts.
    if (process.getuid?.() === 0) await mkdir('/run/sshd', { recursive: true, mode: 0o755 });
    const server = await startServerProcess(sshdPath, async (port) => {
      const configFile = join(folder, 'sshd_config');
      await writeFile(configFile, sshdConfig(folder, port));
      return ['-D', '-e', '-f', configFile];
    });
    const clientEnv = (key: string, knownHosts: string, checking: string): SshdServer['env'] => {
      const settings = ['IdentitiesOnly=yes', 'IdentityAgent=none', `StrictHostKeyChecking=${checking}`];
      settings.push(`UserKnownHostsFile=${knownHosts}`);
      const options = settings.map((setting) => `-o ${setting}`).join(' ');
      return { GIT_SSH_COMMAND: `ssh -F /dev/null -i ${join(folder, key)} ${options}` };
    };
    const knownHosts = join(folder, 'known_hosts');
    return {
      port: server.port,
      user,
      urlFor: (path) =>
        `ssh://${user}@127.0.0.1:${String(server.port)}${encodeURI(path.startsWith('/') ? path : join(options.root, path))}`,
      env: clientEnv('client', knownHosts, 'accept-new'),
      strangerEnv: clientEnv('stranger', knownHosts, 'accept-new'),
      newcomerEnv: clientEnv('client', '/dev/null', 'yes'),
      async close() {
        await server.stop();
        await rm(folder, { recursive: true, force: true });
      },
    };
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
}

function sshdConfig(folder: string, port: number): string {
  return [
    `Port ${String(port)}`,
    'ListenAddress 127.0.0.1',
    `HostKey ${join(folder, 'host')}`,
    `AuthorizedKeysFile ${join(folder, 'authorized_keys')}`,
    'PidFile none',
    'StrictModes no',
    'PermitRootLogin yes',
    'PasswordAuthentication no',
    'KbdInteractiveAuthentication no',
    'UsePAM no',
    'MaxStartups 100',
    'AcceptEnv GIT_PROTOCOL',
    'SetEnv GIT_CONFIG_NOSYSTEM=1 GIT_CONFIG_GLOBAL=/dev/null',
    'LogLevel ERROR',
    '',
  ].join('\n');
}
