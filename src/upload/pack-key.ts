import { createHash } from 'node:crypto';
import type { PackSettings } from '../packing/pack-settings.ts';
import type { ObjectNumber } from '../repository/object-number.ts';
import type { Repository } from '../repository/repository.ts';
import type { ObjectFilter } from '../walk/object-filter.ts';
import type { SelectionRequest } from '../walk/object-selection.ts';

/** What decides the bytes of a pack, as the key of a cache: objects go by their names, in whatever order they came. */
export function packKey(
  { objects, commonDir, grafts, shallow }: Repository,
  selection: SelectionRequest,
  settings: PackSettings,
  ofsDelta: boolean,
): string {
  const names = (numbers: readonly ObjectNumber[]): readonly string[] => numbers.map((n) => objects.oidOf(n)).sort();
  const { filter, thin } = selection;
  const parts = [
    commonDir,
    names(selection.wants),
    names(selection.haves),
    names(selection.clientShallow),
    names(selection.boundary),
    names(selection.unshallowed),
    names(selection.includeTags),
    { filter, thin, ofsDelta, settings, grafts: [...grafts], shallow },
  ];
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex');
}

/**
 * Whether equal requests get equal packs at any time: those of clients that have nothing, and whose filter does not name
 * its rules by an expression, which may mean something else tomorrow. Clients that have something are too many.
 */
export function isRepeatable({ haves, clientShallow, filter }: SelectionRequest): boolean {
  return haves.length === 0 && clientShallow.length === 0 && !(filter !== undefined && namesRules(filter));
}

function namesRules(filter: ObjectFilter): boolean {
  if (filter.kind === 'combine') return filter.filters.some(namesRules);
  return filter.kind === 'sparse:oid' && filter.rulesOid === undefined;
}
