import { TimeSlice } from '../pack/time-slice.ts';
import { namespacePrefix } from '../repository/refs/namespaced-refs.ts';
import type { Repository } from '../repository/repository.ts';
import type { RefStore } from '../repository/ref-store.ts';
import { peel } from '../upload/peel.ts';
import { viewRefs } from '../upload/refs-view.ts';

/** What `HEAD` says to a dumb client: where it leads, or its object; nothing while its branch is not born. */
export function renderHead(repository: Repository, namespace: string): Uint8Array {
  const { refs, prefix } = shownRefs(repository, namespace);
  const head = refs.head(`${prefix}HEAD`);
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
  const { refs, prefix } = shownRefs(repository, namespace);
  const slice = new TimeSlice(signal);
  const lines: string[] = [];
  const { objects } = repository;
  for (const { name, oid, peeledOid } of refs.list(`${prefix}refs/`)) {
    if (slice.isOver()) await slice.pause();
    if (objects.numberOf(oid) < 0) continue;
    const shown = withoutPrefix(name, prefix);
    lines.push(`${oid}\t${shown}\n`);
    const peeled = peeledOid === undefined ? peel(objects, oid) : (peeledOid ?? undefined);
    if (peeled !== undefined && objects.numberOf(peeled) >= 0) lines.push(`${peeled}\t${shown}^{}\n`);
  }
  return Buffer.from(lines.join(''));
}

/** The refs that are shown, hidden ones too, and what stands in front of their names. `mirror.serveRemote` holds here as well. */
function shownRefs(repository: Repository, namespace: string): { readonly refs: RefStore; readonly prefix: string } {
  const view = viewRefs(repository, { namespace, url: undefined });
  if (view.kind === 'served' && view.remote !== undefined) return { refs: view.stored, prefix: '' };
  return { refs: repository.refs, prefix: namespacePrefix(namespace) };
}

function withoutPrefix(name: string, prefix: string): string {
  return name.startsWith(prefix) ? name.slice(prefix.length) : name;
}
