import { decodeUtf8 } from '../core/bytes.ts';
import type { ByteStream } from '../core/byte-stream.ts';
import { GitMirrorError } from '../core/error.ts';
import { limits } from '../core/limits.ts';
import { isObjectId, type ObjectId } from '../core/object-id.ts';
import { isValidRefName } from '../core/ref-name.ts';

/**
 * Files of a repository on a static server (gitprotocol-http, "Dumb Clients"). `get` resolves to undefined when there is
 * no such file, and throws for any other failure. Paths are relative to the repository's URL, as `info/refs`; those of
 * alternates may begin with `../` or with `/` and then mean another place on the same host. They need no escaping.
 */
export interface DumbSource {
  get(path: string): Promise<ByteStream | undefined>;
}

/** A line of `info/refs`. */
export interface DumbRef {
  readonly name: string;
  readonly oid: ObjectId;
  /** What an annotated tag points to in the end. */
  readonly peeled?: ObjectId;
}

/** What `HEAD` says: a branch's full name, or an object when it is detached. */
export type DumbHead = { readonly symref: string } | { readonly oid: ObjectId };

/**
 * The refs of an `info/refs` file (gitprotocol-http, "Dumb Server Response"): `<name> TAB <ref> LF`, sorted by whoever
 * made it; lines of peeled tags follow those of their tags.
 *
 * @throws GitMirrorError `GM_PROTOCOL` at a line that is malformed or names an illegal ref; `GM_LIMIT` over
 * `limits.maxRefs`.
 */
export function parseDumbRefs(text: string): DumbRef[] {
  const refs: DumbRef[] = [];
  for (let start = 0; start < text.length;) {
    const newline = text.indexOf('\n', start);
    const end = newline < 0 ? text.length : newline;
    const line = text.slice(start, end);
    start = end + 1;
    const tab = line.indexOf('\t');
    const oid = line.slice(0, Math.max(0, tab));
    const name = line.slice(tab + 1);
    if (!isObjectId(oid)) throw malformed();
    const last = refs.at(-1);
    if (name.endsWith('^{}')) {
      if (last?.name !== name.slice(0, -3)) throw malformed();
      refs[refs.length - 1] = { ...last, peeled: oid };
      continue;
    }
    if (!isValidRefName(name)) throw malformed();
    refs.push({ name, oid });
    if (refs.length > limits.maxRefs) {
      throw new GitMirrorError('GM_LIMIT', `Reading info/refs: more than ${limits.maxRefs} refs.`, {
        details: { limit: 'maxRefs' },
      });
    }
  }
  return refs;
}

/**
 * The refs of a repository on a static server, and its `HEAD` when there is one that makes sense.
 *
 * @throws GitMirrorError `GM_NOT_FOUND` when there is no `info/refs` (the owner has to run `git update-server-info`);
 * `GM_PROTOCOL` and `GM_LIMIT` as {@link parseDumbRefs}.
 */
export async function readDumbRefs(source: DumbSource): Promise<{ refs: DumbRef[]; head: DumbHead | undefined }> {
  const text = await readText(source, 'info/refs', limits.maxDumbListingBytes);
  if (text === undefined) {
    throw new GitMirrorError(
      'GM_NOT_FOUND',
      'Reading info/refs: there is no such file; run git update-server-info there.',
    );
  }
  const head = (await readText(source, 'HEAD', limits.maxRefNameBytes + 64)) ?? '';
  return { refs: parseDumbRefs(text), head: parseDumbHead(head) };
}

/** What a `HEAD` file says; undefined when it makes no sense. */
export function parseDumbHead(text: string): DumbHead | undefined {
  const line = text.trimEnd();
  if (isObjectId(line)) return { oid: line };
  const symref = /^ref:\s*(.*)$/.exec(line)?.[1] ?? '';
  return symref !== 'HEAD' && isValidRefName(symref) ? { symref } : undefined;
}

/** A small file as text; undefined when it does not exist. @throws GitMirrorError `GM_LIMIT` over `maxBytes`. */
export async function readText(source: DumbSource, path: string, maxBytes: number): Promise<string | undefined> {
  const stream = await source.get(path);
  if (stream === undefined) return undefined;
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of stream) {
    bytes += chunk.length;
    if (bytes > maxBytes) {
      throw new GitMirrorError('GM_LIMIT', `Reading ${path}: it is over ${maxBytes} bytes.`, {
        details: { limit: 'maxDumbListingBytes', path, maxBytes },
      });
    }
    chunks.push(chunk);
  }
  return decodeUtf8(Buffer.concat(chunks));
}

function malformed(): GitMirrorError {
  return new GitMirrorError('GM_PROTOCOL', 'Reading info/refs: it is not a list of refs; is this a Git repository?');
}
