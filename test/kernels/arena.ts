import { expect } from 'vitest';
import type { Kernel } from '../../src/kernel/kernel.ts';
import { openKernel } from '../../src/kernel/open-kernel.ts';

const canary = 0xc5;
const guardBytes = 64;

/** A stretch of a kernel's memory in which tests put things one after the other, guarded so that overruns show. */
export class Arena {
  readonly kernel: Kernel;
  readonly #start: number;
  readonly #end: number;
  #next: number;
  #guards: number[] = [];

  /** @param bytesBelow of kernel memory that are taken first, so that addresses are high. */
  constructor(kind: Kernel['kind'], size: number, bytesBelow = 0) {
    this.kernel = openKernel({ kind });
    if (bytesBelow > 0) this.kernel.memory.allocate(bytesBelow);
    this.#start = this.kernel.memory.allocate(size);
    this.#end = this.#start + size;
    this.#next = this.#start;
  }

  /** Forgets everything that was put here. */
  reset(): void {
    this.#next = this.#start;
    this.#guards = [];
  }

  /** Room for `size` bytes, the address a multiple of 4, guarded on both sides: its last byte touches the guard behind. */
  room(size: number): number {
    const address = Math.ceil((this.#next + guardBytes) / 4) * 4;
    this.#next = address + size + guardBytes;
    expect(this.#next).toBeLessThanOrEqual(this.#end);
    const { bytes } = this.kernel.memory;
    bytes.fill(canary, address - guardBytes, this.#next);
    this.#guards.push(address - guardBytes, address + size);
    return address;
  }

  /** Puts a copy of `bytes` here, guarded like {@link room}. */
  place(bytes: Uint8Array): number {
    const address = this.room(bytes.length);
    this.kernel.memory.bytes.set(bytes, address);
    return address;
  }

  /** A copy of what is at `address`. */
  read(address: number, length: number): Buffer {
    return Buffer.from(this.kernel.memory.view(address, length));
  }

  /** Whether nothing has been written outside the rooms. */
  get isIntact(): boolean {
    const { memory } = this.kernel;
    return this.#guards.every((guard) => memory.view(guard, guardBytes).every((byte) => byte === canary));
  }
}

/** An arena for each kind of kernel. */
export function twinArenas(size: number): readonly Arena[] {
  return [new Arena('wasm', size), new Arena('plain', size)];
}

/** Runs `work` in each arena, from empty, and expects equal results and intact guards; returns the result. */
export function onEach<Result>(arenas: readonly Arena[], work: (arena: Arena) => Result): Result {
  const results = arenas.map((arena) => {
    arena.reset();
    const result = work(arena);
    expect(arena.isIntact).toBe(true);
    return result;
  });
  for (const other of results.slice(1)) expect(other).toEqual(results[0]);
  return results[0] as Result;
}
