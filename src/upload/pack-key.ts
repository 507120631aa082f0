import { createHash } from 'node:crypto';
import type { PackSettings } from '../packing/pack-settings.ts';
import type { ObjectNumber } from '../repository/object-number.ts';
import type { Repository } from '../repository/repository.ts';
import type { SelectionRequest } from '../walk/object-selection.ts';

/** What decides the bytes of a pack, as the key of a cache: objects go by their names, in whatever order they came. */
export function packKey(
  { objects, commonDir, grafts }: Repository,
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
    { filter, thin, ofsDelta, settings, grafts: [...grafts] },
  ];
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex');
}
