import { GitMirrorError } from '../../core/error.ts';
import { isObjectId, type ObjectFormat, type ObjectId } from '../../core/object-id.ts';

/** The ref that holds the newest statement; those before it are reachable from there. */
export const statementRef = 'refs/pushes/current';

/**
 * Who may sign the next statement: `ssh <principal> <key type> <key>`, as in the lines of an allowed signers file
 * (ssh-keygen(1)), or `openpgp <fingerprint>`.
 */
export type Signer = string;

/** What the refs of a repository are, as somebody with a key has said (docs/ref-state.md). */
export interface RefStatement {
  /** URL of the repository by its origin. */
  readonly repository: string;
  /** 1 for the first, one more for each that follows. */
  readonly sequence: number;
  /** See `refDigest`. */
  readonly digest: string;
  /** Seconds since 1970. */
  readonly issuedAt: number;
  /** Seconds since 1970; afterwards it says what was, no longer what is. */
  readonly expiresAt: number;
  /** Who may sign the one that follows. */
  readonly signers: readonly Signer[];
  /** The statement before; undefined for the first one. */
  readonly previous: ObjectId | undefined;
}

/** Longest tag object that is looked at, in bytes. */
export const maxStatementBytes = 64 * 1024;
const maxSigners = 100;
const title = 'git-mirror ref state 1';
const signerPattern =
  /^(?:ssh [\w.@,+*?-]{1,200} (?:ssh|ecdsa|sk-ssh|sk-ecdsa)-[\w@.-]{1,60} [A-Za-z0-9+/]{16,8192}={0,2}|openpgp [0-9A-F]{40}(?:[0-9A-F]{24})?)$/;
const emptyTrees: Readonly<Record<ObjectFormat, ObjectId>> = {
  sha1: '4b825dc642cb6eb9a060e54bf8d69288fbee4904' as ObjectId,
  sha256: '6ef19b41225c5369f1c104d45d8d85efa9b057b53b14b4b9b939dd74decc5321' as ObjectId,
};

/** Whether `text` is a {@link Signer}. */
export function isSigner(text: string): boolean {
  return signerPattern.test(text);
}

/**
 * The content of the tag object that makes the statement, without its signature: its target is the previous statement, the
 * empty tree for the first one.
 *
 * @param tagger - name and address as in `git var GIT_COMMITTER_IDENT`, without the time
 */
export function encodeStatement(statement: RefStatement, tagger: string, format: ObjectFormat): string {
  const { repository, sequence, digest, issuedAt, expiresAt, signers, previous } = statement;
  return [
    `object ${previous ?? emptyTrees[format]}`,
    `type ${previous === undefined ? 'tree' : 'tag'}`,
    `tag push-${String(sequence)}`,
    `tagger ${tagger} ${String(issuedAt)} +0000`,
    '',
    title,
    `repository ${repository}`,
    `sequence ${String(sequence)}`,
    `digest ${digest}`,
    `expires ${String(expiresAt)}`,
    ...signers.map((signer) => `signer ${signer}`),
    '',
  ].join('\n');
}

/**
 * Reads the content of such a tag object; whether its signature is good is not looked at. Whatever is not just as
 * {@link encodeStatement} writes it, signature aside, is refused.
 *
 * @throws GitMirrorError `GM_CORRUPT`
 */
export function parseStatement(content: string, format: ObjectFormat): RefStatement {
  if (content.length > maxStatementBytes) throw corrupt('it is too long');
  const lines = content.split('\n');
  const target = after(lines[0], 'object ');
  const type = after(lines[1], 'type ');
  const tagger = /^(.*) (\d{1,12}) \+0000$/.exec(after(lines[3], 'tagger '));
  if (lines[4] !== '' || lines[5] !== title) throw corrupt('it is no statement of this kind');
  const signers: string[] = [];
  let at = 10;
  for (let line = lines[at]; line?.startsWith('signer ') === true; line = lines[++at]) {
    signers.push(line.slice('signer '.length));
  }
  if (signers.length === 0 || signers.length > maxSigners || !signers.every(isSigner)) throw corrupt('its signers');
  if (!isObjectId(target, format)) throw corrupt('its target');
  const statement: RefStatement = {
    repository: after(lines[6], 'repository '),
    sequence: numberOf(after(lines[7], 'sequence ')),
    digest: after(lines[8], 'digest '),
    issuedAt: numberOf(tagger?.[2]),
    expiresAt: numberOf(after(lines[9], 'expires ')),
    signers,
    previous: type === 'tag' ? target : undefined,
  };
  if (!/^[0-9a-f]{64}$/.test(statement.digest)) throw corrupt('its digest');
  const written = encodeStatement(statement, tagger?.[1] ?? '', format);
  if (!content.startsWith(written) || !isSignature(content.slice(written.length))) throw corrupt('its form');
  return statement;
}

/** Nothing, or one armoured signature to the very end. */
function isSignature(text: string): boolean {
  return text === '' || /^-----BEGIN (SSH|PGP) SIGNATURE-----\n[\w+/=:. \n]*\n-----END \1 SIGNATURE-----\n$/.test(text);
}

function after(line: string | undefined, prefix: string): string {
  if (line?.startsWith(prefix) !== true) throw corrupt(`its "${prefix.trimEnd()}" line`);
  return line.slice(prefix.length);
}

function numberOf(text: string | undefined): number {
  const number = /^(?:0|[1-9]\d{0,14})$/.test(text ?? '') ? Number(text) : Number.NaN;
  if (Number.isNaN(number)) throw corrupt('one of its numbers');
  return number;
}

function corrupt(what: string): GitMirrorError {
  return new GitMirrorError('GM_CORRUPT', `Reading a statement of refs: ${what} is not as it must be.`);
}
