import { GitMirrorError } from '../../core/error.ts';
import { isSigner, type Signer } from './ref-statement.ts';

/** Longest file that is read, in characters. */
const maxLength = 1024 * 1024;

/**
 * The signers that an allowed signers file names (ssh-keygen(1), "ALLOWED SIGNERS"): a line each with principals, type of
 * the key, and the key.
 *
 * @throws GitMirrorError `GM_USAGE` that names the line for one that cannot be part of a statement, such as one with options
 */
export function parseAllowedSigners(text: string, name: string): readonly Signer[] {
  if (text.length > maxLength) throw new GitMirrorError('GM_USAGE', `${name} is too long for a file of signers`);
  return text.split(/\r?\n/).flatMap((line, index) => {
    if (/^\s*(?:#|$)/.test(line)) return [];
    const [principals = '', type = '', key = ''] = line.trim().split(/\s+/);
    const signer = `ssh ${principals} ${type} ${key}`;
    if (isSigner(signer)) return [signer];
    throw new GitMirrorError(
      'GM_USAGE',
      `${name}, line ${String(index + 1)}: write NAME TYPE KEY, without options: alice@example.org ssh-ed25519 AAAA…`,
      { details: { field: 'allowedSigners' } },
    );
  });
}
