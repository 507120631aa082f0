import { isIPv6 } from 'node:net';

const windowMs = 60_000;
const maxPerWindow = 30;
const maxCallers = 10_000;
const maxAtOnce = 8;

/** Lets notices in: so many a minute from one caller, one at a time about one mirror, and few at once. */
export class NoticeGate {
  readonly #running = new Set<string>();
  /** Oldest window first. */
  readonly #callers = new Map<string, { count: number; readonly sinceMs: number }>();

  /**
   * Runs `call` when there is room for it.
   *
   * @param address - of the caller; all without one are the same
   * @param mirror - what must not run twice at a time
   * @returns what `call` gives, or a sentence that says why it has not been run
   */
  async run<Result>(
    address: string | undefined,
    mirror: string,
    nowMs: number,
    call: () => Promise<Result>,
  ): Promise<Result | { readonly refused: string }> {
    if (!this.#counts(networkOf(address ?? ''), nowMs)) {
      return { refused: 'too many notices came from this address; try again in a minute' };
    }
    if (this.#running.has(mirror)) return { refused: 'this mirror is being looked at already' };
    if (this.#running.size >= maxAtOnce)
      return { refused: 'too many mirrors are being looked at; try again in a moment' };
    this.#running.add(mirror);
    try {
      return await call();
    } finally {
      this.#running.delete(mirror);
    }
  }

  #counts(network: string, nowMs: number): boolean {
    for (const [key, { sinceMs }] of this.#callers) {
      if (this.#callers.size < maxCallers && nowMs - sinceMs < windowMs) break;
      this.#callers.delete(key);
    }
    const caller = this.#callers.get(network);
    if (caller === undefined) {
      this.#callers.set(network, { count: 1, sinceMs: nowMs });
      return true;
    }
    caller.count += 1;
    return caller.count <= maxPerWindow;
  }
}

/** Whoever has one address of IPv6 has the 2^64 around it. */
function networkOf(address: string): string {
  if (!isIPv6(address)) return address;
  const [head = '', tail] = address.split('::');
  const left = head === '' ? [] : head.split(':');
  const right = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = Array.from({ length: Math.max(0, 8 - left.length - right.length) }, () => '0');
  return [...left, ...(tail === undefined ? [] : zeros), ...right].slice(0, 4).join(':');
}
