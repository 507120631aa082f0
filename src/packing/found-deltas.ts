import { deflateSync } from 'node:zlib';
import { GitMirrorError } from '../core/error.ts';
import type { ObjectDatabase } from '../repository/object-database.ts';
import type { CandidateList } from './delta-candidates.ts';
import type { FoundDelta } from './delta-searcher.ts';
import { packWay, type PackPlan } from './pack-plan.ts';
import type { PackRequest } from './pack-request.ts';
import { externalPlace } from './plan-reuse.ts';
import { DeltaBuffer, WindowSlot } from './window-slot.ts';

/** Deltas of a plan that were found, by index of the object. */
export type DeltasByIndex = ReadonlyMap<number, FoundDelta>;

/** Enters what a search has found into the plan. */
export function applyFoundDeltas(
  plan: PackPlan,
  { selection }: PackRequest,
  { candidates, indexes }: CandidateList,
  found: readonly FoundDelta[],
): DeltasByIndex {
  const deltas = new Map<number, FoundDelta>();
  const externals = new Map(plan.externals.map((number, place) => [number, place]));
  for (const delta of found) {
    const index = indexes[delta.target] ?? 0;
    const base = indexes[delta.base] ?? 0;
    if (index >= selection.count || delta.base === delta.target) {
      throw new GitMirrorError('GM_INTERNAL', 'A delta search gave a delta for what is none of its targets.');
    }
    plan.ways[index] = packWay.delta;
    plan.bases[index] =
      base < selection.count
        ? base
        : selection.count + externalPlace(plan, externals, candidates.numbers[delta.base] ?? 0);
    deltas.set(index, delta);
  }
  return deltas;
}

/** Makes deltas again that the search found but did not keep. */
export class DeltaMaker {
  readonly #objects: ObjectDatabase;
  readonly #base: WindowSlot;
  readonly #target: WindowSlot;
  readonly #delta: DeltaBuffer;

  constructor(objects: ObjectDatabase) {
    this.#objects = objects;
    this.#base = new WindowSlot(objects.kernel);
    this.#target = new WindowSlot(objects.kernel);
    this.#delta = new DeltaBuffer(objects.kernel);
  }

  /** The delta of `deltaSize` bytes that makes object `number` out of `base`, deflated. */
  make(number: number, base: number, deltaSize: number, level: number): Uint8Array {
    const objects = this.#objects;
    this.#base.assign(0, objects.sizeOf(base));
    this.#target.assign(0, objects.sizeOf(number));
    const baseAddress = this.#base.content(objects, base);
    const targetAddress = this.#target.content(objects, number);
    const index = baseAddress === undefined ? undefined : this.#base.index();
    const buffer = this.#delta.reserve(deltaSize);
    const size =
      baseAddress === undefined || targetAddress === undefined || index === undefined
        ? 0
        : objects.kernel.createDelta(
            baseAddress,
            this.#base.size,
            index,
            targetAddress,
            this.#target.size,
            buffer,
            deltaSize,
          );
    if (size !== deltaSize) {
      const oid = objects.oidOf(number);
      throw new GitMirrorError('GM_CORRUPT', `Writing a pack: object ${oid} is not read the same twice.`);
    }
    return deflateSync(this.#delta.view(size), { level });
  }

  /** Gives all memory back. */
  release(): void {
    this.#base.release();
    this.#target.release();
    this.#delta.release();
  }
}
