/** What a {@link RequestGate} says to a request: what gives its place back (once; later calls do nothing), or why not. */
export type Entrance =
  | { readonly leave: () => void }
  /** `server`: all places are taken. `client`: this client has all that it may have. */
  | { readonly full: 'server' | 'client' };

/** Lets a bounded number of requests in at a time, and of each client's; the rest are turned away at once. */
export class RequestGate {
  readonly #capacity: number;
  readonly #capacityPerClient: number;
  readonly #byClient = new Map<string, number>();
  #active = 0;

  constructor(capacity: number, capacityPerClient: number = capacity) {
    this.#capacity = capacity;
    this.#capacityPerClient = capacityPerClient;
  }

  get active(): number {
    return this.#active;
  }

  /** Takes a place for `client` (its address), if there is one. */
  enter(client: string): Entrance {
    const own = this.#byClient.get(client) ?? 0;
    if (own >= this.#capacityPerClient) return { full: 'client' };
    if (this.#active >= this.#capacity) return { full: 'server' };
    this.#active += 1;
    this.#byClient.set(client, own + 1);
    let isInside = true;
    return {
      leave: () => {
        if (isInside) this.#leave(client);
        isInside = false;
      },
    };
  }

  #leave(client: string): void {
    this.#active -= 1;
    const left = (this.#byClient.get(client) ?? 1) - 1;
    if (left > 0) this.#byClient.set(client, left);
    else this.#byClient.delete(client);
  }
}
