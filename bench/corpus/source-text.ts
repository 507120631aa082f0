import type { Random } from './random.ts';

const words = (
  'value index buffer object commit tree parent length offset result error signal stream reader writer state count ' +
  'entry table cache limit packet server client request answer branch remote config option default number string ' +
  'return const while break continue switch function class static void struct header include define assert'
).split(' ');
const shapes = [
  '{a}({b}, {c});',
  'if ({a} > {n}) return {b};',
  '{a} = {b} + {n};',
  '// {a} {b} {c} {a}',
  'for ({a} of {b}) {c}({n});',
];

/** A text file as people write them: it grows and changes a few lines at a time, so that its versions make good deltas. */
export class SourceText {
  readonly #lines: string[] = [];
  readonly #random: Random;

  constructor(random: Random, lines: number) {
    this.#random = random;
    for (let index = 0; index < lines; index += 1) this.#lines.push(this.#line());
  }

  /** Changes up to four places: replaces, adds and takes away lines. */
  edit(): void {
    const places = 1 + this.#random.below(4);
    for (let place = 0; place < places; place += 1) {
      const at = this.#random.below(this.#lines.length + 1);
      const removed = Math.min(this.#random.below(4), this.#lines.length - at);
      const added = Array.from({ length: this.#random.below(5) }, () => this.#line());
      this.#lines.splice(at, this.#lines.length > 20 ? removed : 0, ...added);
    }
  }

  toBytes(): Buffer {
    return Buffer.from(`${this.#lines.join('\n')}\n`);
  }

  #line(): string {
    const indent = '  '.repeat(this.#random.below(4));
    const shape = shapes[this.#random.below(shapes.length)] ?? '';
    return (
      indent +
      shape.replace(/\{(\w)\}/g, (_, kind: string) => (kind === 'n' ? String(this.#random.below(1000)) : this.#word()))
    );
  }

  #word(): string {
    return words[this.#random.below(words.length)] ?? '';
  }
}
