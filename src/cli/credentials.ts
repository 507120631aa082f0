import { readFile } from 'node:fs/promises';
import { GitMirrorError, messageOf } from '../core/error.ts';
import type { AuthProvider, EndpointAuth, EndpointRole } from '../transport/endpoint.ts';
import type { Invocation } from './invocation.ts';

/** Longest token taken from a file or from standard input. */
const maxTokenCharacters = 64 * 1024;

/** What the command line and the environment say about credentials. */
export interface Credentials {
  /** Undefined when nothing was said: then the library's own way is taken. */
  readonly auth: AuthProvider | undefined;
  /** Every secret among them, so that output can be kept clear of them. */
  readonly secrets: readonly string[];
}

type Level = 'cli' | 'env';

function usageError(flag: string, problem: string): GitMirrorError {
  return new GitMirrorError('GM_USAGE', `${flag}: ${problem}`, { details: { field: flag } });
}

/** Reads secrets for one invocation; standard input is read once at most. */
class SecretReader {
  readonly #invocation: Invocation;
  #inputTakenBy: string | undefined;

  constructor(invocation: Invocation) {
    this.#invocation = invocation;
  }

  /** The secret of `--<name>` or `--<name>-file`, whichever is set at `level`. */
  async read(name: string, level: Level): Promise<string | undefined> {
    const value = this.#textOf(name, level);
    const path = this.#textOf(`${name}-file`, level);
    if (value !== undefined && path !== undefined) {
      throw usageError(`--${name}`, `it is given together with --${name}-file. Give one of them.`);
    }
    return value ?? (path === undefined ? undefined : this.#readFile(`--${name}-file`, path));
  }

  #textOf(name: string, level: Level): string | undefined {
    const attribute = name.replace(/-(.)/g, (_whole, letter: string) => letter.toUpperCase());
    const value = (this.#invocation.flags as Readonly<Record<string, unknown>>)[attribute];
    return this.#invocation.sourceOf(attribute) === level && typeof value === 'string' ? value : undefined;
  }

  async #readFile(flag: string, path: string): Promise<string> {
    const text = path === '-' ? await this.#readInput(flag) : await this.#readPath(flag, path);
    const [secret = ''] = text.split(/\r?\n/, 1);
    const where = path === '-' ? 'standard input' : path;
    if (secret.trim() === '') throw usageError(flag, `the first line of ${where} is empty. Put the token there.`);
    if (secret.length > maxTokenCharacters)
      throw usageError(flag, `the first line of ${where} is too long for a token.`);
    return secret.trim();
  }

  async #readPath(flag: string, path: string): Promise<string> {
    try {
      return await readFile(path, 'utf8');
    } catch (error) {
      throw new GitMirrorError('GM_USAGE', `${flag}: cannot read ${path}: ${messageOf(error)}.`, {
        details: { field: flag },
        cause: error,
      });
    }
  }

  async #readInput(flag: string): Promise<string> {
    if (this.#inputTakenBy !== undefined) {
      throw usageError(
        flag,
        `standard input already holds the secret of ${this.#inputTakenBy}. Use a file for one of them.`,
      );
    }
    this.#inputTakenBy = flag;
    return this.#invocation.host.readStandardInput();
  }
}

async function readRole(invocation: Invocation, reader: SecretReader, role: EndpointRole): Promise<EndpointAuth> {
  const flags = invocation.flags as Readonly<Record<string, unknown>>;
  const username = flags[`${role}Username`];
  const skipTlsVerify = flags[`${role}InsecureSkipTlsVerify`] === true;
  const base = { ...(typeof username === 'string' ? { username } : {}), ...(skipTlsVerify ? { skipTlsVerify } : {}) };
  // A secret on the command line silences those of the environment.
  for (const level of ['cli', 'env'] as const) {
    const token = await reader.read(`${role}-token`, level);
    const bearerToken = await reader.read(`${role}-bearer-token`, level);
    if (token !== undefined && bearerToken !== undefined && level === 'cli') {
      throw usageError(`--${role}-token`, `it is given together with --${role}-bearer-token. Give one of them.`);
    }
    if (bearerToken !== undefined) return { ...base, bearerToken };
    if (token !== undefined) return { ...base, token };
  }
  return base;
}

/** Gathers the credentials of both ends. Throws `GM_USAGE` that names the flag. */
export async function readCredentials(invocation: Invocation): Promise<Credentials> {
  const reader = new SecretReader(invocation);
  const source = await readRole(invocation, reader, 'source');
  const target = await readRole(invocation, reader, 'target');
  const secrets = [source.token, source.bearerToken, target.token, target.bearerToken].filter(
    (secret) => secret !== undefined,
  );
  if (Object.keys(source).length === 0 && Object.keys(target).length === 0) return { auth: undefined, secrets };
  const byRole = { source, target };
  return {
    auth: { authFor: (_endpoint, role) => (Object.keys(byRole[role]).length === 0 ? undefined : byRole[role]) },
    secrets,
  };
}
