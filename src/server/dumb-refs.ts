import { isGitMirrorError } from '../core/error.ts';
import type { ObjectId } from '../core/object-id.ts';
import { parseTag } from '../objects/tag.ts';
import { TimeSlice } from '../pack/time-slice.ts';
import type { ObjectDatabase } from '../repository/object-database.ts';
import type { Repository } from '../repository/repository.ts';

/** Tags of tags that are followed. */
const maxTagDepth = 64;

/** `refs/namespaces/a/refs/namespaces/b/` for the namespace `a/b` (gitnamespaces(7)). */
export function namespacePrefix(namespace: string): string {
  const parts = namespace.split('/').filter((part) => part !== '');
  return parts.map((part) => `refs/namespaces/${part}/`).join('');
}

/** What `HEAD` says to a dumb client: where it leads, or its object; nothing while its branch is not born. */
export function renderHead(repository: Repository, namespace: string): Uint8Array {
  const prefix = namespacePrefix(namespace);
  const head = repository.refs.head(`${prefix}HEAD`);
  if (head?.oid === undefined) return new Uint8Array(0);
  const { target } = head;
  return Buffer.from(target === undefined ? `${head.oid}\n` : `ref: ${withoutPrefix(target, prefix)}\n`);
}

/** What `info/refs` says to a dumb client: every ref whose object is here, and what annotated tags lead to. */
export async function renderInfoRefs(
  repository: Repository,
  namespace: string,
  signal: AbortSignal,
): Promise<Uint8Array> {
  const prefix = namespacePrefix(namespace);
  const slice = new TimeSlice(signal);
  const lines: string[] = [];
  const { objects } = repository;
  for (const { name, oid, peeledOid } of repository.refs.list(`${prefix}refs/`)) {
    if (slice.isOver()) await slice.pause();
    if (objects.numberOf(oid) < 0) continue;
    const shown = withoutPrefix(name, prefix);
    lines.push(`${oid}\t${shown}\n`);
    const peeled = peeledOid === undefined ? peel(objects, oid) : peeledOid;
    if (peeled !== null) lines.push(`${peeled}\t${shown}^{}\n`);
  }
  return Buffer.from(lines.join(''));
}

function withoutPrefix(name: string, prefix: string): string {
  return name.startsWith(prefix) ? name.slice(prefix.length) : name;
}

/** What a tag leads to in the end; null when `oid` is no tag, or one that leads nowhere. */
function peel(objects: ObjectDatabase, oid: ObjectId): ObjectId | null {
  let current = oid;
  try {
    for (let depth = 0; depth < maxTagDepth; depth += 1) {
      const number = objects.numberOf(current);
      if (number < 0) return null;
      if (objects.typeOf(number) !== 'tag') return depth === 0 ? null : current;
      const { address, size } = objects.read(number);
      current = parseTag(objects.kernel.memory.view(address, size), objects.format).targetOid;
    }
  } catch (error) {
    if (!isGitMirrorError(error)) throw error;
  }
  return null;
}
