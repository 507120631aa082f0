import { GitMirrorError } from '../core/error.ts';
import { isObjectId, type ObjectFormat, type ObjectId } from '../core/object-id.ts';
import type { GitProgram, GitRunOptions } from './git-program.ts';

/** A ref as a remote lists it. */
export interface ListedRef {
  readonly name: string;
  readonly oid: ObjectId;
  /** What an annotated tag leads to in the end. */
  readonly peeledOid?: ObjectId | undefined;
}

/** What a remote lists. */
export interface RemoteListing {
  /** Refs below `refs/`, sorted as the remote does: by the bytes of their names. */
  readonly refs: readonly ListedRef[];
  readonly headOid: ObjectId | undefined;
  /** Full name of the branch that HEAD is on; undefined for a detached HEAD and where the remote does not say. */
  readonly headTarget: string | undefined;
}

/** How a remote is asked. */
export interface ListOptions extends GitRunOptions {
  /** Only these, as ls-remote takes them. */
  readonly patterns?: readonly string[] | undefined;
  /** Flags of git(1) itself. */
  readonly flags?: readonly string[] | undefined;
}

/**
 * Asks `remote` (a name or URL) for its refs with git-ls-remote(1), so that transports, credentials and settings are git's
 * own.
 *
 * @throws GitMirrorError `GM_SYSTEM` with what git said; `GM_PROTOCOL` for a list that is none
 */
export async function listRemote(git: GitProgram, remote: string, options: ListOptions = {}): Promise<RemoteListing> {
  const { patterns = [], flags = [], ...runOptions } = options;
  const { stdout } = await git.run([...flags, 'ls-remote', '--symref', '--', remote, ...patterns], runOptions);
  return parseListing(stdout);
}

/** Parses the output of `git ls-remote --symref`. */
export function parseListing(text: string): RemoteListing {
  const refs: ListedRef[] = [];
  let format: ObjectFormat | undefined;
  let headOid: ObjectId | undefined;
  let headTarget: string | undefined;
  for (const line of text.split('\n')) {
    if (line === '') continue;
    const tab = line.indexOf('\t');
    const [value, name] = [line.slice(0, tab), line.slice(tab + 1)];
    if (value.startsWith('ref: ')) {
      if (name === 'HEAD') headTarget = value.slice('ref: '.length);
      continue;
    }
    if (tab < 0 || !isObjectId(value, format)) throw malformed(line);
    format ??= value.length === 64 ? 'sha256' : 'sha1';
    const last = refs.at(-1);
    if (name === 'HEAD') headOid = value;
    else if (last !== undefined && name === `${last.name}^{}`) refs[refs.length - 1] = { ...last, peeledOid: value };
    else refs.push({ name, oid: value });
  }
  return { refs, headOid, headTarget };
}

function malformed(line: string): GitMirrorError {
  return new GitMirrorError(
    'GM_PROTOCOL',
    `git ls-remote gave a line that is no ref: ${JSON.stringify(line.slice(0, 80))}`,
  );
}
