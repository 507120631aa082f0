import { deflateSync } from 'node:zlib';
import { GitMirrorError } from '../core/error.ts';
import { objectTypeNumber, packType } from '../objects/object-type.ts';
import { TimeSlice } from '../pack/time-slice.ts';
import type { ObjectDatabase } from '../repository/object-database.ts';
import { deflateLooseFile } from './deflate-loose-file.ts';
import { deflateInPieces } from './deflate-in-pieces.ts';
import { encodeBaseDistance, encodeEntrySize, maxHeaderBytes } from './entry-encoding.ts';
import { DeltaMaker, type DeltasByIndex } from './found-deltas.ts';
import type { PackOutput } from './pack-output.ts';
import { packWay, type PackPlan } from './pack-plan.ts';
import type { PackRequest } from './pack-request.ts';
import { packingLimits } from './packing-limits.ts';
import { ReadAhead } from './read-ahead.ts';

/** A range to copy is begun at the latest when it is this long, so that the client gets something to do. */
const maxRunBytes = 1024 * 1024;

/** Writes the entries of a pack in the order given, which has bases in front of what builds on them. */
export class EntryWriter {
  readonly #plan: PackPlan;
  readonly #objects: ObjectDatabase;
  readonly #request: PackRequest;
  readonly #deltas: DeltasByIndex;
  readonly #output: PackOutput;
  readonly #slice: TimeSlice;
  readonly #maker: DeltaMaker;
  /** Where each entry begins in the new pack; 0 for those not written. */
  readonly #positions: Float64Array;
  readonly #readers = new Map<number, ReadAhead>();
  readonly #header = new Uint8Array(maxHeaderBytes);
  /** What is to be copied next as it lies: consecutive bytes of one pack. */
  #runPack = -1;
  #runStart = 0;
  #runEnd = 0;

  constructor(plan: PackPlan, request: PackRequest, deltas: DeltasByIndex, output: PackOutput) {
    this.#plan = plan;
    this.#objects = request.objects;
    this.#request = request;
    this.#deltas = deltas;
    this.#output = output;
    this.#slice = new TimeSlice(request.signal);
    this.#maker = new DeltaMaker(request.objects);
    this.#positions = new Float64Array(plan.count);
  }

  /** Writes all of them. */
  async write(order: Uint32Array): Promise<void> {
    const { ways } = this.#plan;
    const total = order.length;
    const output = this.#output;
    try {
      let done = 0;
      for (const index of order) {
        if (ways[index] === packWay.copied) {
          if (!this.#extendRun(index)) {
            const backlog = this.#finishRun();
            if (backlog !== undefined) await backlog;
            this.#beginRun(index);
          }
        } else {
          const backlog = this.#finishRun();
          if (backlog !== undefined) await backlog;
          const madeBacklog = this.#writeMade(index);
          if (madeBacklog !== undefined) await madeBacklog;
        }
        done++;
        if (this.#runEnd - this.#runStart >= maxRunBytes) {
          const backlog = this.#finishRun();
          if (backlog !== undefined) await backlog;
        }
        if (this.#slice.isOver(output.position)) {
          this.#request.onProgress({ phase: 'writing', done, total });
          await this.#slice.pause();
        }
      }
      await this.#finishRun();
      this.#request.onProgress({ phase: 'writing', done, total });
    } finally {
      this.#maker.release();
    }
  }

  /** Adds the entry to what is copied next, if it follows there and its header stays what it is. */
  #extendRun(index: number): boolean {
    const { packs, offsets, ends } = this.#plan;
    if (this.#runPack !== packs[index] || this.#runEnd !== offsets[index]) return false;
    const position = this.#output.position + (this.#runEnd - this.#runStart);
    if (!this.#keepsHeader(index, position)) return false;
    this.#positions[index] = position;
    this.#runEnd = ends[index] ?? 0;
    return true;
  }

  /** Begins a range with this entry; everything before has been written, and there is room for a header. */
  #beginRun(index: number): void {
    const { packs, offsets, ends, headerLengths, storedSizes } = this.#plan;
    const { position } = this.#output;
    this.#positions[index] = position;
    const offset = offsets[index] ?? 0;
    this.#runPack = packs[index] ?? -1;
    this.#runEnd = ends[index] ?? 0;
    if (this.#keepsHeader(index, position)) {
      this.#runStart = offset;
      return;
    }
    this.#writeDeltaHeader(index, position, storedSizes[index] ?? 0);
    this.#runStart = offset + (headerLengths[index] ?? 0);
  }

  /** Whether an entry can be written at `position` with the header it has on disk. */
  #keepsHeader(index: number, position: number): boolean {
    const { bases, offsets, baseOffsets, storedTypes } = this.#plan;
    const base = bases[index] ?? -1;
    if (base < 0) return true;
    const distance = this.#baseDistance(base, position);
    if (storedTypes[index] === packType.refDelta) return distance < 0;
    // What the header says counts, not where the base was found: it may lie in the pack twice.
    return distance === (offsets[index] ?? 0) - (baseOffsets[index] ?? 0);
  }

  /** How far in front of `position` the base lies, for an OFS_DELTA; -1 when it takes a REF_DELTA. */
  #baseDistance(base: number, position: number): number {
    if (!this.#request.ofsDelta || base >= this.#plan.count) return -1;
    const basePosition = this.#positions[base] ?? 0;
    return basePosition > 0 ? position - basePosition : -1;
  }

  #writeDeltaHeader(index: number, position: number, size: number): void {
    const { bases, count, numbers, externals } = this.#plan;
    const base = bases[index] ?? -1;
    const distance = this.#baseDistance(base, position);
    const header = this.#header;
    let length: number;
    if (distance > 0) {
      length = encodeBaseDistance(distance, header, encodeEntrySize(packType.ofsDelta, size, header, 0));
    } else {
      length = encodeEntrySize(packType.refDelta, size, header, 0);
      const baseNumber = base < count ? numbers[base] : externals[base - count];
      this.#objects.copyName(baseNumber ?? 0, header, length);
      length += this.#objects.rawLength;
    }
    this.#output.writeSmall(header, length);
  }

  /** Copies what is to be copied, and leaves room for a header. A promise when that has to wait: an `await` per entry
   * would cost more than the copy. */
  #finishRun(): Promise<void> | undefined {
    const output = this.#output;
    if (this.#runEnd > this.#runStart) {
      const reader = this.#reader(this.#runPack);
      while (this.#runStart < this.#runEnd) {
        this.#runStart += output.copyFrom(reader, this.#runStart, this.#runEnd - this.#runStart);
        const backlog = output.takeBacklog();
        if (backlog !== undefined) return this.#finishRunAfter(backlog);
      }
    }
    this.#runPack = -1;
    output.makeRoom(maxHeaderBytes);
    return output.takeBacklog();
  }

  async #finishRunAfter(backlog: Promise<void>): Promise<void> {
    for (let wait: Promise<void> | undefined = backlog; wait !== undefined; wait = this.#finishRun()) await wait;
  }

  #writeMade(index: number): Promise<void> | undefined {
    const { numbers, bases, ways, count, externals } = this.#plan;
    const number = numbers[index] ?? 0;
    const level = this.#request.settings.compression;
    const { position } = this.#output;
    this.#positions[index] = position;
    if (ways[index] === packWay.delta) {
      const delta = this.#deltas.get(index);
      if (delta === undefined) throw new GitMirrorError('GM_INTERNAL', 'A delta was found and lost again.');
      const base = bases[index] ?? -1;
      const baseNumber = (base < count ? numbers[base] : externals[base - count]) ?? 0;
      this.#writeDeltaHeader(index, position, delta.size);
      return this.#writeBytes(delta.deflated ?? this.#maker.make(number, baseNumber, delta.size, level));
    }
    if (this.#plan.packs[index] === -1 && (this.#plan.storedSizes[index] ?? 0) > packingLimits.maxHeldLooseBytes) {
      return this.#writeLooseFile(index, number, level);
    }
    const { type, address, size } = this.#objects.read(number);
    this.#output.writeSmall(this.#header, encodeEntrySize(objectTypeNumber(type), size, this.#header, 0));
    const { memory } = this.#objects.kernel;
    if (size <= packingLimits.maxDeflatedAtOnceBytes) {
      return this.#writeBytes(deflateSync(memory.view(address, size), { level }));
    }
    return this.#writeLarge(address, size, level);
  }

  /** Passes a large loose object through without holding it. */
  async #writeLooseFile(index: number, number: number, level: number): Promise<void> {
    const path = this.#objects.loosePath(number);
    if (path === undefined) {
      const oid = this.#objects.oidOf(number);
      throw new GitMirrorError('GM_NOT_FOUND', `Writing a pack: object ${oid} is gone.`, { details: { oid } });
    }
    const { types, storedSizes } = this.#plan;
    const size = storedSizes[index] ?? 0;
    this.#output.writeSmall(this.#header, encodeEntrySize(types[index] ?? 0, size, this.#header, 0));
    for await (const chunk of deflateLooseFile(path, size, level, this.#request.signal)) {
      const backlog = this.#writeBytes(chunk);
      if (backlog !== undefined) await backlog;
    }
  }

  /** Deflates an object that the database lends out until something else is read, which happens during each wait. */
  async #writeLarge(address: number, size: number, level: number): Promise<void> {
    const { memory } = this.#objects.kernel;
    let rest: Uint8Array | undefined;
    let restStart = 0;
    let reached = 0;
    const view = (start: number, end: number): Uint8Array => {
      reached = end;
      return rest === undefined
        ? memory.view(address + start, end - start)
        : rest.subarray(start - restStart, end - restStart);
    };
    for (const piece of deflateInPieces(size, level, view)) {
      for (let at = 0; at < piece.length;) {
        at += this.#output.write(piece, at);
        const backlog = this.#output.takeBacklog();
        if (backlog === undefined && !this.#slice.isOver(this.#output.position)) continue;
        // Only what is left is held a second time, and only when someone else gets his turn.
        rest ??= memory.view(address + reached, size - reached).slice();
        if (restStart === 0) restStart = size - rest.length;
        await (backlog ?? this.#slice.pause());
      }
    }
  }

  #writeBytes(bytes: Uint8Array): Promise<void> | undefined {
    for (let at = 0; at < bytes.length;) {
      at += this.#output.write(bytes, at);
      const backlog = this.#output.takeBacklog();
      if (backlog !== undefined) return this.#writeBytesAfter(backlog, bytes, at);
    }
    return undefined;
  }

  async #writeBytesAfter(backlog: Promise<void>, bytes: Uint8Array, from: number): Promise<void> {
    await backlog;
    for (let at = from; at < bytes.length;) {
      at += this.#output.write(bytes, at);
      const next = this.#output.takeBacklog();
      if (next !== undefined) await next;
    }
  }

  #reader(pack: number): ReadAhead {
    let reader = this.#readers.get(pack);
    if (reader === undefined) {
      const stored = this.#objects.packs[pack];
      if (stored === undefined) throw new GitMirrorError('GM_INTERNAL', `There is no pack ${String(pack)}.`);
      reader = new ReadAhead(stored);
      this.#readers.set(pack, reader);
    }
    return reader;
  }
}
