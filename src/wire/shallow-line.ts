import type { ObjectFormat, ObjectId } from '../core/object-id.ts';
import { badLineError, parseOid } from './protocol-line.ts';

/** A commit that has become shallow, or is no longer (gitprotocol-pack, "shallow-update"). */
export interface ShallowLine {
  readonly kind: 'shallow' | 'unshallow';
  readonly oid: ObjectId;
}

/** The line without LF taken apart; anything else is `GM_PROTOCOL`, with `doing` at the beginning of its message. */
export function parseShallowLine(line: string, format: ObjectFormat, doing: string): ShallowLine {
  const kind = line.startsWith('shallow ') ? 'shallow' : 'unshallow';
  const oid = line.startsWith(`${kind} `) ? parseOid(line.slice(kind.length + 1), format) : undefined;
  if (oid === undefined) throw badLineError(doing, `shallow or unshallow and a ${format} name`, line);
  return { kind, oid };
}
