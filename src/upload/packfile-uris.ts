import type { ObjectDatabase, StoredEntry } from '../repository/object-database.ts';
import type { ObjectNumber } from '../repository/object-number.ts';
import type { ObjectSelection } from '../walk/object-selection.ts';
import type { BlobPackfileUri } from './upload-config.ts';

/** What a client may fetch from elsewhere (gitprotocol-v2, "packfile-uris"). */
export interface PackfileUris {
  readonly blobs: readonly BlobPackfileUri[];
  /** URI schemes the client speaks. */
  readonly protocols: readonly string[];
}

/**
 * Takes out of a selection what the client gets from elsewhere; `lines` says where. Like git it leaves in blobs that lie in
 * a pack: those it sends without a look at the setting.
 */
export function withoutElsewhere(
  objects: ObjectDatabase,
  selection: ObjectSelection,
  { blobs, protocols }: PackfileUris,
): { readonly rest: ObjectSelection; readonly lines: readonly string[] } {
  const elsewhere = new Map<ObjectNumber, string>();
  for (const { oid, packHash, uri } of blobs) {
    const number = objects.numberOf(oid);
    const isSpoken = protocols.some((protocol) => uri.startsWith(`${protocol}:`));
    if (number >= 0 && isSpoken && isLoose(objects, number)) elsewhere.set(number, `${packHash} ${uri}`);
  }
  const kept: number[] = [];
  const lines: string[] = [];
  for (let index = 0; index < selection.count; index += 1) {
    const line = elsewhere.get(selection.numbers[index] ?? -1);
    if (line === undefined) kept.push(index);
    else lines.push(line);
  }
  if (lines.length === 0) return { rest: selection, lines };
  const pick = <Items extends Uint8Array | Uint32Array>(items: Items, into: Items): Items => {
    for (const [at, index] of kept.entries()) into[at] = items[index] ?? 0;
    return into;
  };
  return {
    rest: {
      count: kept.length,
      numbers: pick(selection.numbers, new Uint32Array(kept.length)),
      types: pick(selection.types, new Uint8Array(kept.length)),
      nameHashes: pick(selection.nameHashes, new Uint32Array(kept.length)),
      bases: selection.bases,
      clientHas: (number) => selection.clientHas(number),
    },
    lines,
  };
}

function isLoose(objects: ObjectDatabase, number: ObjectNumber): boolean {
  const entry: StoredEntry = { pack: 0, offset: 0, dataOffset: 0, end: 0, type: 0, size: 0, baseNumber: -1 };
  objects.readEntry(number, entry);
  return entry.pack < 0;
}
