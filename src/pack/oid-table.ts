import { randomBytes } from 'node:crypto';
import { decodeObjectId, hexLength, rawLength, type ObjectFormat, type ObjectId } from '../core/object-id.ts';
import { GitMirrorError } from '../core/error.ts';

/**
 * A set of object names, numbered 0, 1, 2, … in the order they were added: raw names in one growing array, found
 * through an open-addressing hash table. About 30 bytes a name, where a Map of strings takes 150.
 *
 * Whoever writes a pack chooses names in it (parents need not exist), so the hash is keyed at random: names cannot be
 * made to collide beforehand.
 */
export class OidTable {
  readonly format: ObjectFormat;
  readonly #bytesPerName: number;
  readonly #wordsPerName: number;
  readonly #keys: Int32Array;
  readonly #probe: Buffer;
  readonly #probeWords: Int32Array;
  #words: Int32Array;
  #bytes: Buffer;
  /** Number + 1 of the name in each slot, 0 when free. */
  #slots: Int32Array;
  #shift: number;
  #size = 0;

  /** @param expected - names to make room for; more may come. Untouched room costs address space, not memory. */
  constructor(format: ObjectFormat, expected = 1024) {
    this.format = format;
    this.#bytesPerName = rawLength(format);
    this.#wordsPerName = this.#bytesPerName / 4;
    const seed = randomBytes(this.#bytesPerName);
    this.#keys = new Int32Array(this.#wordsPerName);
    for (let word = 0; word < this.#wordsPerName; word++) this.#keys[word] = seed.readInt32LE(word * 4) | 1;
    this.#probeWords = new Int32Array(this.#wordsPerName);
    this.#probe = Buffer.from(this.#probeWords.buffer);
    this.#words = new Int32Array(Math.max(16, expected) * this.#wordsPerName);
    this.#bytes = Buffer.from(this.#words.buffer);
    const bits = Math.max(5, Math.ceil(Math.log2(Math.max(16, expected) * 1.6)));
    this.#slots = new Int32Array(2 ** bits);
    this.#shift = 32 - bits;
  }

  get size(): number {
    return this.#size;
  }

  /** Raw names, one after the other; borrowed until the next `add`. */
  get bytes(): Uint8Array {
    return this.#bytes;
  }

  /** The number of the raw name at `offset`, added if it is new (then it is the old `size`). */
  add(source: Uint8Array, offset: number): number {
    const bytes = this.#bytesPerName;
    for (let index = 0; index < bytes; index++) this.#probe[index] = source[offset + index] ?? 0;
    return this.#addProbe();
  }

  /** `add` of a raw name in the form of `hashObjectBinary`. */
  addBinary(name: string): number {
    this.#probe.write(name, 0, this.#bytesPerName, 'latin1');
    return this.#addProbe();
  }

  /** `add` of a name as text; it must be of this table's format. */
  addOid(oid: ObjectId): number {
    this.#probe.write(oid, 0, this.#bytesPerName, 'hex');
    return this.#addProbe();
  }

  /** The number of the raw name at `offset`, or -1. */
  find(source: Uint8Array, offset: number): number {
    const bytes = this.#bytesPerName;
    for (let index = 0; index < bytes; index++) this.#probe[index] = source[offset + index] ?? 0;
    return (this.#slots[this.#slotOfProbe()] ?? 0) - 1;
  }

  /** The number of `oid`, or -1; a name of the other format is never in the table. */
  findOid(oid: ObjectId): number {
    if (oid.length !== hexLength(this.format)) return -1;
    this.#probe.write(oid, 0, this.#bytesPerName, 'hex');
    return (this.#slots[this.#slotOfProbe()] ?? 0) - 1;
  }

  /** The name with this number, which must be below `size`. */
  oidAt(number: number): ObjectId {
    return decodeObjectId(this.#bytes, number * this.#bytesPerName, this.format);
  }

  /** Order of two names by their bytes: below, at or above 0. */
  compare(left: number, right: number): number {
    let leftAt = left * this.#bytesPerName;
    let rightAt = right * this.#bytesPerName;
    const bytes = this.#bytes;
    for (let index = 0; index < this.#bytesPerName; index++) {
      const difference = (bytes[leftAt++] ?? 0) - (bytes[rightAt++] ?? 0);
      if (difference !== 0) return difference;
    }
    return 0;
  }

  /** The same names with other numbers: the name `order[i]` gets number `i`. `order` holds every number once. */
  reordered(order: Int32Array): OidTable {
    const table = new OidTable(this.format, order.length);
    for (const number of order) table.add(this.#bytes, number * this.#bytesPerName);
    return table;
  }

  /** The slot that holds the probed name, or the free one where it belongs. */
  #slotOfProbe(): number {
    const probe = this.#probeWords;
    const keys = this.#keys;
    const perName = this.#wordsPerName;
    let hash = 0;
    for (let word = 0; word < perName; word++) hash = (hash + Math.imul(probe[word] ?? 0, keys[word] ?? 0)) | 0;
    hash ^= hash >>> 15;
    hash = Math.imul(hash, keys[0] ?? 1);
    const mask = this.#slots.length - 1;
    let slot = hash >>> this.#shift;
    for (;;) {
      const number = (this.#slots[slot] ?? 0) - 1;
      if (number < 0) return slot;
      const start = number * perName;
      let word = 0;
      while (word < perName && this.#words[start + word] === probe[word]) word++;
      if (word === perName) return slot;
      slot = (slot + 1) & mask;
    }
  }

  #addProbe(): number {
    let slot = this.#slotOfProbe();
    const found = (this.#slots[slot] ?? 0) - 1;
    if (found >= 0) return found;
    if ((this.#size + 1) * 1.5 > this.#slots.length) {
      this.#growSlots();
      slot = this.#slotOfProbe();
    }
    const number = this.#size++;
    const start = number * this.#wordsPerName;
    if (start + this.#wordsPerName > this.#words.length) this.#growNames();
    this.#words.set(this.#probeWords, start);
    this.#slots[slot] = number + 1;
    return number;
  }

  #growNames(): void {
    const larger = new Int32Array(Math.ceil((this.#size * 1.5 + 16) * this.#wordsPerName));
    larger.set(this.#words);
    this.#words = larger;
    this.#bytes = Buffer.from(larger.buffer);
  }

  #growSlots(): void {
    if (this.#shift <= 1) throw new GitMirrorError('GM_LIMIT', 'Collecting object names: there are too many.');
    const kept = Buffer.from(this.#probe);
    this.#slots = new Int32Array(this.#slots.length * 2);
    this.#shift--;
    const perName = this.#wordsPerName;
    for (let number = 0; number < this.#size; number++) {
      for (let word = 0; word < perName; word++) this.#probeWords[word] = this.#words[number * perName + word] ?? 0;
      this.#slots[this.#slotOfProbe()] = number + 1;
    }
    this.#probe.set(kept);
  }
}
