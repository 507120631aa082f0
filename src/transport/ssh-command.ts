import { basename } from 'node:path';
import { GitMirrorError } from '../core/error.ts';
import type { SshEndpoint } from './parse-endpoint.ts';

/** Kinds of ssh programs by the options they take (git-config(1), `ssh.variant`). */
export type SshVariant = 'ssh' | 'simple' | 'plink' | 'putty' | 'tortoiseplink';

/** The ssh program of the user. */
export interface SshProgram {
  /** Command line for a shell (`GIT_SSH_COMMAND`), or the name of a program. */
  readonly command: string;
  readonly isShellCommand: boolean;
  /** Undefined when the name tells nothing: the program must be tried out. */
  readonly variant: SshVariant | undefined;
}

const variants: ReadonlySet<string> = new Set<SshVariant>(['ssh', 'simple', 'plink', 'putty', 'tortoiseplink']);

/** The ssh program that the environment names: `GIT_SSH_COMMAND`, `GIT_SSH`, `GIT_SSH_VARIANT` (git(1)). */
export function sshProgram(env: Readonly<NodeJS.ProcessEnv>): SshProgram {
  const shellCommand = env['GIT_SSH_COMMAND'];
  const command = shellCommand ?? env['GIT_SSH'] ?? 'ssh';
  return {
    command,
    isShellCommand: shellCommand !== undefined,
    variant: variantFromEnvironment(env) ?? variantOfName(shellCommand === undefined ? command : firstWord(command)),
  };
}

function variantFromEnvironment(env: Readonly<NodeJS.ProcessEnv>): SshVariant | undefined {
  const named = env['GIT_SSH_VARIANT'];
  if (named === undefined || named === 'auto') return undefined;
  // As Git does: a name it does not know means OpenSSH.
  return isVariant(named) ? named : 'ssh';
}

function isVariant(name: string): name is SshVariant {
  return variants.has(name);
}

function variantOfName(program: string): SshVariant | undefined {
  const name = basename(program.replaceAll('\\', '/'))
    .toLowerCase()
    .replace(/\.exe$/, '');
  return name === 'ssh' || name === 'plink' || name === 'tortoiseplink' ? name : undefined;
}

/** The first word of a shell command line, its quotes removed. */
function firstWord(commandLine: string): string {
  const word = /^\s*((?:"(?:\\.|[^"\\])*"|'[^']*'|\\.|[^\s'"\\])+)/.exec(commandLine)?.[1] ?? '';
  return word.replace(
    /"((?:\\.|[^"\\])*)"|'([^']*)'|\\(.)/g,
    (_whole, double?: string, single?: string, bare?: string) =>
      double?.replace(/\\(.)/g, '$1') ?? single ?? bare ?? '',
  );
}

/** What a connection asks of ssh besides the remote command. */
export interface SshRequest {
  readonly endpoint: SshEndpoint;
  /** Value for the remote `GIT_PROTOCOL`; only OpenSSH can pass it on. */
  readonly protocol: string | undefined;
  readonly connectTimeoutMs: number | undefined;
}

/** Options for `variant` up to and without the destination. Throws `GM_USAGE` when it cannot take the port. */
export function sshOptions(variant: SshVariant, request: SshRequest): readonly string[] {
  const { endpoint, protocol, connectTimeoutMs } = request;
  const port = endpoint.port === undefined ? undefined : String(endpoint.port);
  switch (variant) {
    case 'ssh':
      return [
        // The first value of an option counts, so GIT_SSH_COMMAND can still say otherwise.
        '-o',
        'BatchMode=yes',
        ...(connectTimeoutMs === undefined
          ? []
          : ['-o', `ConnectTimeout=${Math.max(1, Math.ceil(connectTimeoutMs / 1000))}`]),
        ...(protocol === undefined ? [] : ['-o', 'SendEnv=GIT_PROTOCOL']),
        ...(port === undefined ? [] : ['-p', port]),
      ];
    case 'plink':
    case 'putty':
      return port === undefined ? [] : ['-P', port];
    case 'tortoiseplink':
      return ['-batch', ...(port === undefined ? [] : ['-P', port])];
    case 'simple':
      if (port === undefined) return [];
      throw new GitMirrorError(
        'GM_USAGE',
        `The ssh program cannot be given port ${port}: set GIT_SSH_VARIANT if it takes the options of OpenSSH or plink`,
      );
  }
}

/** `user@host`, which can never be taken for an option: both parts have been checked by parseEndpoint. */
export function sshDestination({ user, host }: SshEndpoint): string {
  return user === undefined ? host : `${user}@${host}`;
}

/** `text` as one word for the shell at the other end (as Git quotes it: `!` too, for csh). */
export function shellQuote(text: string): string {
  return `'${text.replace(/['!]/g, (character) => `'\\${character}'`)}'`;
}
