import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { messageOf } from '../../core/error.ts';
import type { ObjectId } from '../../core/object-id.ts';
import { presentRemoteText } from '../../transport/remote-text.ts';
import type { GitProgram } from '../git-program.ts';
import type { Signer } from './ref-statement.ts';

const unknownKey = 'the key that signed it is not among the signers';

/**
 * Why the signature of the tag object `oid` is not one of `signers`, as `git verify-tag` finds it; undefined when it is.
 */
export async function signatureFault(
  git: GitProgram,
  oid: ObjectId,
  signers: readonly Signer[],
): Promise<string | undefined> {
  const folder = await mkdtemp(join(tmpdir(), 'git-mirror-verify-'));
  try {
    const allowed = join(folder, 'allowed-signers');
    const ssh = signers.filter((signer) => signer.startsWith('ssh ')).map((signer) => signer.slice('ssh '.length));
    await writeFile(allowed, ssh.map((line) => `${line}\n`).join(''));
    const settings = ['-c', `gpg.ssh.allowedSignersFile=${allowed}`, '-c', 'gpg.minTrustLevel=undefined'];
    const { status, stderr } = await git.run([...settings, 'verify-tag', '--raw', oid], {
      allowStatus: [1, 128],
      env: { LC_ALL: 'C' },
    });
    // A good ssh signature for nobody.
    if (status !== 0 && stderr.startsWith('Good ')) return unknownKey;
    if (status !== 0) return `its signature is not valid: ${firstLine(stderr)}`;
    // An ssh signature counts only for the principals of the file, which git has looked at.
    const pgp = /^\[GNUPG:\] VALIDSIG ([0-9A-F]+)(?: \S+){8} ?([0-9A-F]*)/m.exec(stderr);
    if (pgp === null) return undefined;
    const isNamed = [pgp[1], pgp[2]].some((fingerprint) => signers.includes(`openpgp ${fingerprint ?? ''}`));
    return isNamed ? undefined : unknownKey;
  } catch (error) {
    return messageOf(error);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function firstLine(text: string): string {
  return presentRemoteText(text.split('\n', 1)[0] ?? '') || 'git does not say why';
}
