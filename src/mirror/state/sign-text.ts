import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { GitMirrorError } from '../../core/error.ts';
import { presentRemoteText } from '../../transport/remote-text.ts';
import type { GitProgram } from '../git-program.ts';

/** With what is signed: git's own settings (git-config(1), `gpg.format`, `user.signingKey`). */
export interface SigningKey {
  readonly format: 'ssh' | 'openpgp';
  /** A file, of which `~/` is the folder at home; a public key, `key::` in front or not; or what gpg calls the key. */
  readonly key: string;
  readonly program: string;
}

/**
 * The key that git would sign with in the repository of `git`, or `key` in its place.
 *
 * @throws GitMirrorError `GM_USAGE` when there is none, or for a format that is not known here
 */
export async function readSigningKey(git: GitProgram, key?: string): Promise<SigningKey> {
  const get = async (name: string): Promise<string> => git.text(['config', '--get', name], { allowStatus: [1] });
  const format = (await get('gpg.format')) || 'openpgp';
  if (format !== 'ssh' && format !== 'openpgp') {
    throw new GitMirrorError('GM_USAGE', `gpg.format is ${format}: ref states are signed with ssh or openpgp keys`);
  }
  const chosen = key ?? (await get('user.signingkey'));
  if (chosen === '') {
    throw new GitMirrorError('GM_USAGE', 'There is no key to sign with: set user.signingKey, or give --key', {
      details: { field: 'key' },
    });
  }
  const program = await get(format === 'ssh' ? 'gpg.ssh.program' : 'gpg.program');
  return { format, key: chosen, program: program || (format === 'ssh' ? 'ssh-keygen' : 'gpg') };
}

/**
 * The armoured signature of `text`, as `git tag --sign` makes it, with a line end behind it.
 *
 * @throws GitMirrorError `GM_SYSTEM` with what the program said
 */
export async function signText(text: string, signing: SigningKey, env: NodeJS.ProcessEnv): Promise<string> {
  if (signing.format === 'openpgp') {
    return runSigner(signing.program, ['--status-fd=2', '-bsau', signing.key], text, env);
  }
  const folder = await mkdtemp(join(tmpdir(), 'git-mirror-sign-'));
  try {
    const literal = literalKey(signing.key);
    const keyFile =
      literal === undefined ? signing.key.replace(/^~(?=\/)/, env['HOME'] ?? '~') : join(folder, 'key.pub');
    if (literal !== undefined) await writeFile(keyFile, `${literal}\n`);
    // The private key to a literal one is in the agent. Beside the file of a public one it may lie as a file, too.
    const agent = literal === undefined ? [] : ['-U'];
    return await runSigner(signing.program, ['-Y', 'sign', '-n', 'git', '-f', keyFile, ...agent], text, env);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** The public key that a setting holds itself, as git understands it; undefined for the path of a file. */
function literalKey(key: string): string | undefined {
  if (key.startsWith('key::')) return key.slice('key::'.length);
  return key.startsWith('ssh-') ? key : undefined;
}

function runSigner(program: string, args: readonly string[], input: string, env: NodeJS.ProcessEnv): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = execFile(program, args, { env, maxBuffer: 1024 * 1024 }, (error, stdout, stderr) => {
      if (error === null && /^-----BEGIN (?:SSH|PGP) SIGNATURE-----/.test(stdout)) resolve(`${stdout.trimEnd()}\n`);
      else {
        const said = presentRemoteText(stderr) || (error?.message ?? 'it gave no signature');
        reject(new GitMirrorError('GM_SYSTEM', `Signing with ${program} failed: ${said}`, { cause: error }));
      }
    });
    // Whoever does not read to the end has said why.
    child.stdin?.on('error', () => undefined);
    child.stdin?.end(input);
  });
}
