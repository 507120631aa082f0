import { GitMirrorError } from '../../core/error.ts';
import type { ObjectFormat, ObjectId } from '../../core/object-id.ts';
import { refDigest } from '../../wire/mirrors/ref-digest.ts';
import type { GitProgram } from '../git-program.ts';
import { listRemote } from '../list-remote.ts';
import { encodeStatement, isSigner, parseStatement, statementRef, type RefStatement } from './ref-statement.ts';
import { readSigningKey, signText } from './sign-text.ts';
import { signatureFault } from './signature-fault.ts';

/** How a statement is made. */
export interface SignRefsOptions {
  /** Git in the repository whose refs are stated. */
  readonly git: GitProgram;
  /** URL of the repository by its origin; undefined: that of the last statement. */
  readonly repository?: string | undefined;
  readonly expiresInSeconds: number;
  /** Who may sign the next one; undefined: whoever the last statement names. */
  readonly signers?: readonly string[] | undefined;
  /** Instead of `user.signingKey`. */
  readonly key?: string | undefined;
  readonly now: Date;
  readonly signal: AbortSignal;
}

/** A statement that was made. */
export interface SignedRefs {
  readonly oid: ObjectId;
  readonly statement: RefStatement;
}

/**
 * States what the refs of a repository are now, in a signed tag object under {@link statementRef} that names the statement
 * before it. The refs are those that a client sees.
 *
 * @throws GitMirrorError `GM_USAGE` without a key, signers or URL, or for a key that may not sign; `GM_REF_MOVED` when somebody else has signed meanwhile;
 * `GM_CORRUPT` when the last statement is none
 */
export async function signRefs(options: SignRefsOptions): Promise<SignedRefs> {
  const { git, expiresInSeconds, now, signal } = options;
  const format = (await git.text(['rev-parse', '--show-object-format'], { signal })) as ObjectFormat;
  const before = await git.text(['rev-parse', '--verify', '--quiet', statementRef], { signal, allowStatus: [1] });
  const last =
    before === '' ? undefined : parseStatement((await git.run(['cat-file', 'tag', before], { signal })).stdout, format);
  const signers = options.signers ?? last?.signers ?? [];
  if (signers.length === 0) throw usage('signers', 'Name who may sign: --signer, or --allowed-signers with a file');
  const wrong = signers.find((signer) => !isSigner(signer));
  if (wrong !== undefined) throw usage('signers', `This names no signer: ${JSON.stringify(wrong)}`);
  const repository = options.repository ?? last?.repository;
  if (repository === undefined || !/^[!-~]{1,2048}$/.test(repository)) {
    throw usage('repository', 'Say with --canonical which URL the repository has at its origin');
  }
  const issuedAt = Math.floor(now.getTime() / 1000);
  const { refs, headTarget } = await listRemote(git, '.', { signal });
  const statement: RefStatement = {
    repository,
    sequence: (last?.sequence ?? 0) + 1,
    digest: refDigest(refs, headTarget),
    issuedAt,
    expiresAt: issuedAt + expiresInSeconds,
    signers,
    previous: before === '' ? undefined : (before as ObjectId),
  };
  const text = encodeStatement(statement, await taggerOf(git), format);
  // What cannot be read again must not be signed: a name with a line end in it, say.
  parseStatement(text, format);
  const signature = await signText(text, await readSigningKey(git, options.key), git.env);
  if (last === undefined) await git.run(['hash-object', '-t', 'tree', '-w', '--stdin'], { input: '', signal });
  const oid = (await git.text(['hash-object', '-t', 'tag', '-w', '--stdin'], {
    input: text + signature,
    signal,
  })) as ObjectId;
  // Nobody would believe it, nor any that follows it.
  const fault = await signatureFault(git, oid, last?.signers ?? signers);
  if (fault !== undefined) throw usage('key', `The refs cannot be signed with this key: ${fault}`);
  await moveRef(git, oid, before, format);
  return { oid, statement };
}

async function moveRef(git: GitProgram, oid: ObjectId, before: string, format: ObjectFormat): Promise<void> {
  const old = before === '' ? '0'.repeat(format === 'sha1' ? 40 : 64) : before;
  const { status, stderr } = await git.run(['update-ref', statementRef, oid, old], { allowStatus: [1, 128] });
  if (status === 0) return;
  throw new GitMirrorError(
    'GM_REF_MOVED',
    `Somebody else has signed meanwhile; sign again. git said: ${stderr.trim()}`,
  );
}

/** `A U Thor <author@example.org>`: the committer without the time. */
async function taggerOf(git: GitProgram): Promise<string> {
  const ident = await git.text(['var', 'GIT_COMMITTER_IDENT']);
  return ident.replace(/ \d+ [+-]\d{4}$/, '');
}

function usage(field: string, message: string): GitMirrorError {
  return new GitMirrorError('GM_USAGE', message, { details: { field } });
}
