import { isNullOid } from '../../core/object-id.ts';
import type { Head, Ref } from '../ref-store.ts';
import { type RawRef, resolveRef } from './raw-ref.ts';

/** What HEAD is, or another ref that is treated like it. */
export function readHead(name: string, read: (name: string) => RawRef): Head | undefined {
  const raw = read(name);
  if (raw.kind === 'missing') return undefined;
  const resolved = resolveRef(name, (asked) => (asked === name ? raw : read(asked)));
  return resolved && { target: resolved.isSymbolic ? resolved.name : undefined, oid: resolved.oid };
}

/** The ref that `raw` is, symbolic ones followed; undefined when it is broken or leads nowhere. */
export function toRef(name: string, raw: RawRef, read: (name: string) => RawRef): Ref | undefined {
  if (raw.kind === 'oid') return isNullOid(raw.oid) ? undefined : { name, oid: raw.oid, peeledOid: raw.peeledOid };
  const resolved = resolveRef(name, (asked) => (asked === name ? raw : read(asked)));
  if (resolved?.oid === undefined) return undefined;
  return { name, oid: resolved.oid, symrefTarget: resolved.name };
}
