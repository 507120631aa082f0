import type { ObjectNumber } from '../repository/object-number.ts';

/** Growing binary heap of objects by where they lie, lowest first. */
class PlaceHeap {
  size = 0;
  #places = new Float64Array(1024);
  #numbers = new Int32Array(1024);
  #hashes = new Uint32Array(1024);

  get firstNumber(): ObjectNumber {
    return this.#numbers[0] ?? -1;
  }

  get firstPlace(): number {
    return this.#places[0] ?? 0;
  }

  get firstHash(): number {
    return this.#hashes[0] ?? 0;
  }

  push(place: number, number: ObjectNumber, hash: number): void {
    if (this.size === this.#places.length) this.#grow();
    let at = this.size++;
    while (at > 0) {
      const above = (at - 1) >>> 1;
      if ((this.#places[above] ?? 0) <= place) break;
      this.#move(above, at);
      at = above;
    }
    this.#set(at, place, number, hash);
  }

  dropFirst(): void {
    const last = --this.size;
    const place = this.#places[last] ?? 0;
    const number = this.#numbers[last] ?? 0;
    const hash = this.#hashes[last] ?? 0;
    let at = 0;
    for (;;) {
      let below = at * 2 + 1;
      if (below >= last) break;
      if (below + 1 < last && (this.#places[below + 1] ?? 0) < (this.#places[below] ?? 0)) below++;
      if ((this.#places[below] ?? 0) >= place) break;
      this.#move(below, at);
      at = below;
    }
    this.#set(at, place, number, hash);
  }

  #move(from: number, to: number): void {
    this.#set(to, this.#places[from] ?? 0, this.#numbers[from] ?? 0, this.#hashes[from] ?? 0);
  }

  #set(at: number, place: number, number: ObjectNumber, hash: number): void {
    this.#places[at] = place;
    this.#numbers[at] = number;
    this.#hashes[at] = hash;
  }

  #grow(): void {
    const capacity = this.#places.length * 2;
    const places = new Float64Array(capacity);
    const numbers = new Int32Array(capacity);
    const hashes = new Uint32Array(capacity);
    places.set(this.#places);
    numbers.set(this.#numbers);
    hashes.set(this.#hashes);
    this.#places = places;
    this.#numbers = numbers;
    this.#hashes = hashes;
  }
}

/**
 * Objects to be read, in sweeps over the packs: each sweep goes from front to back and takes along what turns up ahead
 * of it; what turns up behind waits for the next. Packs are written so that few sweeps are needed, and what a delta
 * builds on has mostly been read shortly before.
 */
export class PlaceQueue {
  #sweep = new PlaceHeap();
  #next = new PlaceHeap();
  #place = -1;
  number: ObjectNumber = -1;
  nameHash = 0;

  push(place: number, number: ObjectNumber, nameHash: number): void {
    if (place > this.#place) this.#sweep.push(place, number, nameHash);
    else this.#next.push(place, number, nameHash);
  }

  /** Makes the next object the current one; false when there is none. */
  pop(): boolean {
    if (this.#sweep.size === 0) {
      [this.#sweep, this.#next] = [this.#next, this.#sweep];
      this.#place = -1;
    }
    const heap = this.#sweep;
    if (heap.size === 0) return false;
    this.#place = heap.firstPlace;
    this.number = heap.firstNumber;
    this.nameHash = heap.firstHash;
    heap.dropFirst();
    return true;
  }
}
