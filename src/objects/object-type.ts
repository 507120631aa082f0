/** The four kinds of object (gitformat-pack, "Object types"). */
export type ObjectType = 'commit' | 'tree' | 'blob' | 'tag';

/** Type numbers of a pack entry header (gitformat-pack, "Object types"). 0 is invalid, 5 is reserved. */
export const packType = { commit: 1, tree: 2, blob: 3, tag: 4, ofsDelta: 6, refDelta: 7 } as const;

const names: readonly (ObjectType | undefined)[] = [undefined, 'commit', 'tree', 'blob', 'tag'];

/** The name of pack type `number`; undefined for deltas and for numbers that mean nothing. */
export function objectTypeName(number: number): ObjectType | undefined {
  return names[number];
}

/** The pack type number of `type`: 1 to 4. */
export function objectTypeNumber(type: ObjectType): 1 | 2 | 3 | 4 {
  return packType[type];
}

/** Whether `text` is the name of an object type. */
export function isObjectType(text: string): text is ObjectType {
  return text === 'commit' || text === 'tree' || text === 'blob' || text === 'tag';
}
