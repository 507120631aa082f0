import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { commitContent, makePack, nameOf } from '../../test/packs/make-pack.ts';
import { streamOf } from '../core/byte-stream.ts';
import type { ObjectId } from '../core/object-id.ts';
import { readCommitGraph } from '../pack/commit-graph-builder.ts';
import type { CommitGraph } from '../pack/commit-graph.ts';
import { advanceFrontier, headsOf, layCheckpoints } from './bootstrap-chain.ts';

/** A name of nothing, for numbers beyond the end. */
const nothing = '0'.repeat(40) as ObjectId;

interface History {
  readonly graph: CommitGraph;
  readonly oids: readonly ObjectId[];
}

/** Commit `i` has the parents `shape[i]`, which are smaller numbers. */
async function makeHistory(shape: readonly (readonly number[])[]): Promise<History> {
  const oids: ObjectId[] = [];
  const entries = shape.map((parents, index) => {
    const content = commitContent(
      parents.map((parent) => oids[parent] ?? ''),
      `commit ${String(index)}`,
    );
    oids.push(nameOf('commit', content) as ObjectId);
    return { type: 1, content };
  });
  return { graph: await readCommitGraph(streamOf(makePack(entries)), { format: 'sha1' }), oids };
}

/** Everything that the commits reach, themselves included. */
function reachable(graph: CommitGraph, from: Iterable<ObjectId>): Set<ObjectId> {
  const found = new Set<ObjectId>();
  const open = [...from];
  for (let oid = open.pop(); oid !== undefined; oid = open.pop()) {
    if (found.has(oid)) continue;
    found.add(oid);
    open.push(...graph.parentsOf(oid));
  }
  return found;
}

/** 0 ← 1 ← 3 (merge of 2) ← 4, 2 grows from 0; 5 grows from 1. */
const small = [[], [0], [0], [1, 2], [3], [1]] as const;

describe('layCheckpoints', () => {
  test('first-parent takes the backbone of each tip in turn, each commit once', async () => {
    const { graph, oids } = await makeHistory(small);
    const at = (...numbers: readonly number[]): ObjectId[] => numbers.map((number) => oids[number] ?? nothing);
    expect(layCheckpoints(graph, at(4, 5), 'first-parent')).toEqual(at(0, 1, 3, 4, 5));
    expect(layCheckpoints(graph, at(5, 4), 'first-parent')).toEqual(at(0, 1, 5, 3, 4));
  });

  test('topo takes every commit, parents first', async () => {
    const { graph, oids } = await makeHistory(small);
    const checkpoints = layCheckpoints(graph, [oids[4] ?? nothing, oids[5] ?? nothing], 'topo');
    expect([...checkpoints].sort()).toEqual([...oids].sort());
    for (const [index, oid] of checkpoints.entries()) {
      for (const parent of graph.parentsOf(oid)) expect(checkpoints.indexOf(parent)).toBeLessThan(index);
    }
  });
});

describe('headsOf and advanceFrontier', () => {
  test('a commit that became a parent needs no name of its own', async () => {
    const { graph, oids } = await makeHistory(small);
    const at = (...numbers: readonly number[]): ObjectId[] => numbers.map((number) => oids[number] ?? nothing);
    expect(headsOf(graph, at(0, 1, 3))).toEqual(at(3));
    expect(headsOf(graph, at(3, 5))).toEqual(at(3, 5));
    expect([...advanceFrontier(graph, new Set(at(1)), at(3, 5))]).toEqual(at(3, 5));
    expect([...advanceFrontier(graph, new Set(at(5)), at(2))]).toEqual(at(5, 2));
  });

  const dag = fc
    .array(fc.array(fc.nat(), { maxLength: 3 }), { minLength: 1, maxLength: 40 })
    .map((rows) => rows.map((row, index) => [...new Set(index === 0 ? [] : row.map((parent) => parent % index))]));

  test.each(['first-parent', 'topo'] as const)(
    'property: after each step everything up to it hangs on the frontier, and a rerun goes on from any of them, %s',
    async (order) => {
      await fc.assert(
        fc.asyncProperty(
          dag,
          fc.array(fc.nat(), { minLength: 1, maxLength: 4 }),
          fc.array(fc.integer({ min: 1, max: 7 }), { minLength: 1, maxLength: 10 }),
          async (shape, tipNumbers, steps) => {
            const { graph, oids } = await makeHistory(shape);
            const tips = tipNumbers.map((number) => oids[number % oids.length] ?? nothing);
            const checkpoints = layCheckpoints(graph, tips, order);
            expect(new Set(checkpoints).size).toBe(checkpoints.length);
            let frontier: ReadonlySet<ObjectId> = new Set();
            const sent = new Set<ObjectId>();
            for (let first = 0, turn = 0; first < checkpoints.length; turn += 1) {
              const step = checkpoints.slice(first, first + (steps[turn % steps.length] ?? 1));
              first += step.length;
              // What one push brings: all that its heads reach.
              for (const oid of reachable(graph, headsOf(graph, step))) sent.add(oid);
              for (const oid of step) expect(sent).toContain(oid);
              frontier = advanceFrontier(graph, frontier, step);
              expect(reachable(graph, frontier)).toEqual(sent);
            }
            // At the end every tip is there, with all its history.
            for (const tip of tips) expect(sent).toContain(tip);
            expect(sent).toEqual(reachable(graph, tips));
          },
        ),
        { numRuns: 60 },
      );
    },
  );
});
