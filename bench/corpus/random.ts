/** Numbers that look random and are the same on every machine for the same seed (xoshiro128**, seeded by splitmix32). */
export class Random {
  readonly #state: Uint32Array;

  constructor(seed: number) {
    let mixed = seed >>> 0;
    this.#state = Uint32Array.from({ length: 4 }, () => {
      mixed = (mixed + 0x9e3779b9) >>> 0;
      let word = mixed ^ (mixed >>> 16);
      word = Math.imul(word, 0x21f0aaad);
      word ^= word >>> 15;
      word = Math.imul(word, 0x735a2d97);
      return word ^ (word >>> 15);
    });
  }

  /** A whole number from 0 to 2³² − 1. */
  word(): number {
    const [a = 0, b = 0, c = 0, d = 0] = this.#state;
    const product = Math.imul(b, 5);
    const result = Math.imul((product << 7) | (product >>> 25), 9) >>> 0;
    const third = c ^ a;
    const fourth = d ^ b;
    this.#state[0] = a ^ fourth;
    this.#state[1] = b ^ third;
    this.#state[2] = third ^ (b << 9);
    this.#state[3] = (fourth << 11) | (fourth >>> 21);
    return result;
  }

  /** A whole number from 0 to `limit` − 1. */
  below(limit: number): number {
    return this.word() % limit;
  }

  /** Whether something happens that does so once in `times`. */
  oneIn(times: number): boolean {
    return this.below(times) === 0;
  }

  /** A whole number from 0 to `limit` − 1, small ones far more often, as sizes and popularity go. */
  skewed(limit: number): number {
    return Math.floor((this.below(1000) * this.below(1000) * this.below(1000) * limit) / 1e9);
  }
}
