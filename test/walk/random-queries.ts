import type { ObjectFilter } from '../../src/walk/object-filter.ts';
import type { WalkQuery } from './open-walk.ts';
import { randomNumbers, type RandomHistory } from './random-history.ts';

const filters: readonly (ObjectFilter | undefined)[] = [
  undefined,
  undefined,
  undefined,
  { kind: 'blob:none' },
  { kind: 'blob:limit', maxBytes: 100 },
  { kind: 'tree', depth: 0 },
  { kind: 'tree', depth: 1 },
  { kind: 'tree', depth: 2 },
  { kind: 'object:type', type: 'tree' },
  { kind: 'object:type', type: 'blob' },
  { kind: 'object:type', type: 'commit' },
  { kind: 'object:type', type: 'tag' },
  {
    kind: 'combine',
    filters: [
      { kind: 'tree', depth: 2 },
      { kind: 'blob:limit', maxBytes: 80 },
    ],
  },
  {
    kind: 'combine',
    filters: [{ kind: 'blob:none' }, { kind: 'tree', depth: 3 }, { kind: 'object:type', type: 'tree' }],
  },
];

/** Queries that a client might make, and some that none would. */
export async function randomQueries(history: RandomHistory, seed: number, count: number): Promise<WalkQuery[]> {
  const { repository, commits, tags } = history;
  const random = randomNumbers(seed);
  const below = (limit: number): number => Math.floor(random() * limit);
  const pick = (names: readonly string[], most: number): string[] => [
    ...new Set(Array.from({ length: 1 + below(most) }, () => names[below(names.length)] ?? '')),
  ];
  const trees = (await repository.git('log', '--all', '--format=%T')).split('\n');
  return Array.from({ length: count }, () => ({
    wants: below(6) === 0 ? pick([...commits, ...tags, ...trees], 4) : pick([...commits, ...tags], 4),
    haves: below(4) === 0 ? [] : pick(below(5) === 0 ? [...commits, ...tags, ...trees] : commits, 4),
    thin: below(2) === 0,
    filter: filters[below(filters.length)],
    includeTags: below(3) === 0 ? tags : undefined,
    clientShallow: below(4) === 0 ? pick(commits, 2) : [],
    boundary: below(4) === 0 ? pick(commits, 2) : [],
    unshallowed: below(5) === 0 ? pick(commits, 1) : [],
  }));
}
