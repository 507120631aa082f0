import { spawn, type ChildProcess } from 'node:child_process';
import { limits } from '../core/limits.ts';
import type { Credential, CredentialQuery, CredentialSource } from './credential-source.ts';

/** How git is started to ask its credential helpers. */
export interface CredentialHelperOptions {
  /** Environment of git, which finds its configuration by it. Default `process.env`. */
  readonly env?: Readonly<NodeJS.ProcessEnv> | undefined;
  /** The git program. Default `git`. */
  readonly git?: string | undefined;
  /** Folder git is started in: the configuration of a repository there counts. Default the current one. */
  readonly cwd?: string | undefined;
  /** How long a helper may take, in milliseconds. Default 60 s. */
  readonly timeoutMs?: number | undefined;
}

const defaultTimeoutMs = 60_000;

/**
 * The credential helpers that git is configured with, asked by `git credential` (git-credential(1)). Nobody is ever
 * prompted, on a terminal or in a window, and secrets go through pipes only. Without git, or when no helper knows
 * anything, there are no credentials; that is no error.
 */
export function gitCredentialSource(options: CredentialHelperOptions = {}): CredentialSource {
  return {
    async fill(query, signal) {
      const input = encodeCredential(query);
      const output = input === undefined ? undefined : await runGitCredential('fill', input, options, signal);
      return output === undefined ? undefined : decodeCredential(output);
    },
    async approve(query, credential) {
      await store('approve', query, credential, options);
    },
    async reject(query, credential) {
      await store('reject', query, credential, options);
    },
  };
}

async function store(
  action: 'approve' | 'reject',
  query: CredentialQuery,
  credential: Credential,
  options: CredentialHelperOptions,
): Promise<void> {
  const input = encodeCredential(query, credential);
  // A helper that cannot store or forget is its user's business; the run goes on as it would with git.
  if (input !== undefined) await runGitCredential(action, input, options, undefined).catch(() => undefined);
}

/**
 * The lines git-credential(1) reads, or undefined when a value cannot be put into lines: a line break in it would begin
 * a line of its own and could name another host (CVE-2020-5260).
 */
export function encodeCredential(query: CredentialQuery, credential?: Credential): string | undefined {
  const username = credential?.username ?? query.username;
  const lines: (readonly [key: string, value: string])[] = [
    ['protocol', query.protocol],
    ['host', query.host],
    ['path', query.path],
    ...(username === undefined || username === '' ? [] : [['username', username] as const]),
    ...(credential === undefined ? [] : [['password', credential.password] as const]),
  ];
  if (lines.some(([, value]) => /[\0\r\n]/.test(value))) return undefined;
  const challenges = query.wwwAuthenticate.map((value) => ['wwwauth[]', value.replace(/\s+/g, ' ')] as const);
  return [...lines, ...challenges].map(([key, value]) => `${key}=${value}\n`).join('') + '\n';
}

/** The credential in what `git credential fill` printed, or undefined when it is not complete. */
export function decodeCredential(output: string): Credential | undefined {
  const values = new Map<string, string>();
  for (const line of output.split('\n')) {
    const equals = line.indexOf('=');
    if (equals > 0) values.set(line.slice(0, equals), line.slice(equals + 1));
  }
  const username = values.get('username');
  const password = values.get('password');
  return username === undefined || password === undefined ? undefined : { username, password };
}

/** What git printed, or undefined when it is not installed, failed, said too much or took too long. */
async function runGitCredential(
  action: 'fill' | 'approve' | 'reject',
  input: string,
  { env = process.env, git = 'git', cwd, timeoutMs = defaultTimeoutMs }: CredentialHelperOptions,
  signal: AbortSignal | undefined,
): Promise<string | undefined> {
  signal?.throwIfAborted();
  const child = spawn(git, ['-c', 'credential.interactive=false', 'credential', action], {
    cwd,
    // An empty askpass program is none, and keeps git from looking for others.
    env: { ...env, GIT_TERMINAL_PROMPT: '0', GIT_ASKPASS: '', SSH_ASKPASS: '', GCM_INTERACTIVE: 'never' },
    stdio: ['pipe', 'pipe', 'ignore'],
    // A session of its own has no terminal to prompt on, and is a group that can be ended together with its helpers.
    detached: process.platform !== 'win32',
  });
  return new Promise((resolve, reject) => {
    let output = '';
    const end = (): void => {
      endGroup(child);
    };
    const timer = setTimeout(end, timeoutMs);
    const onAbort = (): void => {
      end();
      reject(signal?.reason as Error);
    };
    signal?.addEventListener('abort', onAbort, { once: true });
    const finish = (result: string | undefined): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
      resolve(result);
    };
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      output += text;
      if (output.length > limits.maxCredentialBytes) end();
    });
    // A helper need not read what it is told.
    child.stdin.on('error', () => undefined);
    child.on('error', () => {
      finish(undefined);
    });
    child.on('close', (status) => {
      finish(status === 0 ? output : undefined);
    });
    child.stdin.end(input);
  });
}

function endGroup(child: ChildProcess): void {
  try {
    if (child.pid === undefined || process.platform === 'win32') child.kill('SIGKILL');
    else process.kill(-child.pid, 'SIGKILL');
  } catch {
    // It has ended by itself.
  }
}
