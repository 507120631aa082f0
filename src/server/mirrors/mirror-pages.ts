import { randomBytes } from 'node:crypto';
import type { RegisteredMirror } from './mirror-service.ts';

/** Orders that are remembered, and for how long. */
const maxOrders = 256;
const orderForMs = 10 * 60_000;

interface KeptOrder {
  readonly mirrors: readonly RegisteredMirror[];
  readonly untilMs: number;
}

/** A part of a list, and what brings the next one. */
export interface MirrorPage {
  readonly mirrors: readonly RegisteredMirror[];
  readonly more: { readonly count: number; readonly cursor: string } | undefined;
}

/**
 * Cuts lists into pages. A cursor names an order that is remembered for some minutes, so that pages fit together although
 * each list may be shuffled anew; when it is forgotten, the next page is the same part of a new order.
 */
export class MirrorPages {
  /** Oldest first. */
  readonly #orders = new Map<string, KeptOrder>();

  /**
   * @param ordered - gives the whole list in the order of this moment; not called where a remembered one serves
   * @param after - a cursor as the client sent it; one that makes no sense begins anew
   * @param scope - cursors of other lists mean nothing here
   */
  page(
    ordered: () => readonly RegisteredMirror[],
    limit: number,
    after: string | undefined,
    scope: string,
    nowMs: number,
  ): MirrorPage {
    const [, token, digits = '0'] = /^([0-9a-f]{16})-(\d{1,6})$/.exec(after ?? '') ?? [];
    const kept = token === undefined ? undefined : this.#orders.get(`${scope}\0${token}`);
    const isFresh = kept !== undefined && kept.untilMs > nowMs;
    const mirrors = isFresh ? kept.mirrors : ordered();
    const start = Math.min(Number(digits), mirrors.length);
    const page = mirrors.slice(start, start + limit);
    const end = start + page.length;
    if (end >= mirrors.length) return { mirrors: page, more: undefined };
    const name = isFresh && token !== undefined ? token : this.#keep(mirrors, scope, nowMs);
    return { mirrors: page, more: { count: mirrors.length - end, cursor: `${name}-${String(end)}` } };
  }

  #keep(mirrors: readonly RegisteredMirror[], scope: string, nowMs: number): string {
    const token = randomBytes(8).toString('hex');
    this.#orders.set(`${scope}\0${token}`, { mirrors, untilMs: nowMs + orderForMs });
    for (const [oldest, { untilMs }] of this.#orders) {
      if (this.#orders.size <= maxOrders && untilMs > nowMs) break;
      this.#orders.delete(oldest);
    }
    return token;
  }
}
