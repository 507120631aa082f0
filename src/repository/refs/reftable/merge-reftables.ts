import { compareRawText } from '../../../core/raw-text.ts';
import type { ReftableRef } from './reftable-block.ts';

/** What several tables say together, sorted, each ref once as the newest table has it. @param tables - oldest first */
export function mergeReftables(tables: readonly Iterable<ReftableRef>[]): Iterable<ReftableRef> {
  const [only] = tables;
  if (only === undefined) return [];
  if (tables.length === 1) return only;
  // In pairs of pairs, so that a ref passes through few of them however many tables there are.
  const middle = tables.length >> 1;
  return mergeTwo(mergeReftables(tables.slice(0, middle)), mergeReftables(tables.slice(middle)));
}

function* mergeTwo(
  older: Iterable<ReftableRef>,
  newer: Iterable<ReftableRef>,
): Generator<ReftableRef, void, undefined> {
  const olds = older[Symbol.iterator]();
  const news = newer[Symbol.iterator]();
  let old = olds.next();
  let next = news.next();
  while (old.done !== true && next.done !== true) {
    const order = compareRawText(old.value.name, next.value.name);
    if (order < 0) {
      yield old.value;
      old = olds.next();
    } else {
      yield next.value;
      next = news.next();
      if (order === 0) old = olds.next();
    }
  }
  for (; old.done !== true; old = olds.next()) yield old.value;
  for (; next.done !== true; next = news.next()) yield next.value;
}
