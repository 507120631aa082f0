import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { GitMirrorError, messageOf } from '../../core/error.ts';
import { openGitProgram } from '../../mirror/git-program.ts';
import { parseAllowedSigners } from '../../mirror/state/allowed-signers.ts';
import { signRefs } from '../../mirror/state/sign-refs.ts';
import { exitStatus } from '../exit-status.ts';
import type { StateFlags } from '../flags/state-flags.ts';
import type { Invocation } from '../invocation.ts';
import { Console } from '../output/console.ts';
import { describeStatement } from '../output/state-report.ts';

const defaultExpiresMs = 7 * 86_400_000;

/** `git mirror sign`. */
export async function runSign(invocation: Invocation): Promise<number> {
  const { host, operands, flags, signal } = invocation;
  const directory = resolve(operands[0] ?? '.');
  const signers = await signersOf(flags);
  const { oid, statement } = await signRefs({
    git: openGitProgram(host.env, directory),
    repository: flags.canonical,
    expiresInSeconds: Math.max(1, Math.floor((flags.expires ?? defaultExpiresMs) / 1000)),
    signers,
    key: flags.key,
    now: new Date(),
    signal,
  });
  const console = new Console(host, flags, []);
  console.writeResult(describeStatement({ oid, statement }), ({ paint }) => [
    `${paint('bold', `State ${String(statement.sequence)}`)} of ${statement.repository} signed: ${oid}`,
    `Refs ${statement.digest}, until ${new Date(statement.expiresAt * 1000).toISOString()}`,
  ]);
  return exitStatus.done;
}

/** Those that the flags name; undefined when they name none. */
export async function signersOf({ signer, allowedSigners }: StateFlags): Promise<readonly string[] | undefined> {
  if (allowedSigners === undefined) return signer;
  let text: string;
  try {
    text = await readFile(allowedSigners, 'utf8');
  } catch (error) {
    throw new GitMirrorError('GM_USAGE', `Reading the allowed signers failed: ${messageOf(error)}`, {
      cause: error,
      details: { field: 'allowedSigners' },
    });
  }
  return [...parseAllowedSigners(text, allowedSigners), ...(signer ?? [])];
}
