import { Random } from './random.ts';
import { SourceText } from './source-text.ts';

/** What a made history looks like. */
export interface HistoryShape {
  readonly seed: number;
  /** Commits, those of side lines and merges included; a few more may come out. */
  readonly commits: number;
  readonly files: number;
  /** Lines of the largest files when they are new. Most are far smaller. */
  readonly maxLines: number;
  readonly branches: number;
  /** Every other one is annotated. */
  readonly tags: number;
  /** One in so many commits begins a side line that is merged after up to 8 commits. */
  readonly sideEvery: number;
  /** One in so many commits adds a file of up to `assetBytes` that does not compress. */
  readonly assetEvery?: number | undefined;
  readonly assetBytes?: number | undefined;
}

interface Changed {
  readonly path: string;
  readonly mark: number;
}

const firstSecond = 1_400_000_000;
const slabBytes = 1024 * 1024;

/**
 * A stream for `git fast-import` that makes the history on `refs/heads/main`, with branches and tags beside it. The same
 * shape gives the same objects on every machine.
 */
export async function* historyStream(shape: HistoryShape): AsyncGenerator<Uint8Array, void, void> {
  const writer = new HistoryWriter(shape);
  for (const part of writer.parts()) yield part;
}

class HistoryWriter {
  readonly #shape: HistoryShape;
  readonly #random: Random;
  readonly #texts = new Map<string, SourceText>();
  readonly #paths: string[] = [];
  readonly #commits: number[] = [];
  #pending: Buffer[] = [];
  #pendingBytes = 0;
  #marks = 0;
  #clock = firstSecond;

  constructor(shape: HistoryShape) {
    this.#shape = shape;
    this.#random = new Random(shape.seed);
  }

  *parts(): Generator<Uint8Array, void, void> {
    const { commits, sideEvery } = this.#shape;
    let tip = this.#commit('refs/heads/main', undefined, undefined, this.#firstFiles());
    while (this.#commits.length < commits) {
      if (this.#random.oneIn(sideEvery)) {
        const brought: Changed[] = [];
        let side = tip;
        for (let left = 1 + this.#random.below(8); left > 0; left -= 1) {
          const changed = this.#edits();
          brought.push(...changed);
          side = this.#commit('refs/heads/side', side, undefined, changed);
        }
        // Work goes on meanwhile on the line it is merged into.
        tip = this.#commit('refs/heads/main', tip, undefined, this.#edits());
        tip = this.#commit('refs/heads/main', tip, side, brought);
      } else tip = this.#commit('refs/heads/main', tip, undefined, this.#edits());
      if (this.#pendingBytes >= slabBytes) yield this.#take();
    }
    this.#refs();
    this.#text('done\n');
    yield this.#take();
  }

  #firstFiles(): readonly Changed[] {
    const { files } = this.#shape;
    return Array.from({ length: Math.min(files, 400) }, () => this.#newFile());
  }

  /** One to a few files are changed, the popular ones more often; now and then one is new. */
  #edits(): readonly Changed[] {
    const { files, assetEvery, assetBytes = 0 } = this.#shape;
    const changed = new Map<string, Changed>();
    for (let left = 1 + this.#random.skewed(6); left > 0; left -= 1) {
      const isNew = this.#paths.length < files && this.#random.oneIn(12);
      const change = isNew ? this.#newFile() : this.#change();
      changed.set(change.path, change);
    }
    if (assetEvery !== undefined && this.#random.oneIn(assetEvery)) {
      const path = `assets/set-${this.#random.below(40)}/image-${this.#random.below(400)}.bin`;
      const bytes = this.#noise(Math.ceil(assetBytes / 8) + this.#random.skewed(assetBytes));
      changed.set(path, { path, mark: this.#blob(bytes) });
    }
    return [...changed.values()];
  }

  #newFile(): Changed {
    const number = this.#paths.length;
    const depth = 1 + this.#random.below(4);
    const folders = Array.from({ length: depth }, (_, level) => `part-${(number * 7 + level * 13) % (6 + level * 3)}`);
    const path = `${folders.join('/')}/file-${number}.c`;
    const text = new SourceText(this.#random, 8 + this.#random.skewed(this.#shape.maxLines));
    this.#paths.push(path);
    this.#texts.set(path, text);
    return { path, mark: this.#blob(text.toBytes()) };
  }

  #change(): Changed {
    const path = this.#paths[this.#random.skewed(this.#paths.length)] ?? '';
    const text = this.#texts.get(path);
    text?.edit();
    return { path, mark: this.#blob(text?.toBytes() ?? Buffer.alloc(0)) };
  }

  #noise(length: number): Buffer {
    const bytes = Buffer.alloc(length);
    for (let at = 0; at + 4 <= length; at += 4) bytes.writeUInt32LE(this.#random.word(), at);
    return bytes;
  }

  #commit(ref: string, from: number | undefined, merge: number | undefined, files: readonly Changed[]): number {
    const mark = this.#mark();
    this.#clock += 30 + this.#random.below(7200);
    const person = this.#random.skewed(300);
    const who = `Person ${person} <person-${person}@example.com> ${this.#clock} +0${this.#random.below(10)}00`;
    const lines = Array.from(
      { length: this.#random.skewed(12) },
      (_, index) => `Reason ${index}: ${this.#random.below(1e6)}.\n`,
    );
    const message = `Change ${this.#commits.length}\n${lines.length > 0 ? '\n' : ''}${lines.join('')}`;
    this.#text(`commit ${ref}\nmark :${mark}\nauthor ${who}\ncommitter ${who}\ndata ${message.length}\n${message}\n`);
    if (from !== undefined) this.#text(`from :${from}\n`);
    if (merge !== undefined) this.#text(`merge :${merge}\n`);
    for (const { path, mark: blob } of files) this.#text(`M 100644 :${blob} ${path}\n`);
    this.#text('\n');
    this.#commits.push(mark);
    return mark;
  }

  /** Branches point to younger commits more often, tags are spread over all. */
  #refs(): void {
    const { branches, tags } = this.#shape;
    const { length } = this.#commits;
    for (let number = 0; number < branches; number += 1) {
      const target = this.#commits[length - 1 - this.#random.skewed(length)] ?? 1;
      this.#text(`reset refs/heads/team-${number % 17}/topic-${number}\nfrom :${target}\n\n`);
    }
    for (let number = 0; number < tags; number += 1) {
      const target = this.#commits[Math.floor((number * length) / tags)] ?? 1;
      if (number % 2 === 0) this.#text(`reset refs/tags/build-${number}\nfrom :${target}\n\n`);
      else {
        const message = `Release ${number}\n`;
        this.#text(`tag v${number}\nfrom :${target}\ntagger Releaser <releaser@example.com> ${this.#clock} +0000\n`);
        this.#text(`data ${message.length}\n${message}\n`);
      }
    }
  }

  #blob(bytes: Buffer): number {
    const mark = this.#mark();
    this.#text(`blob\nmark :${mark}\ndata ${bytes.length}\n`);
    this.#push(bytes);
    this.#text('\n');
    return mark;
  }

  #mark(): number {
    this.#marks += 1;
    return this.#marks;
  }

  #text(text: string): void {
    this.#push(Buffer.from(text));
  }

  #push(bytes: Buffer): void {
    this.#pending.push(bytes);
    this.#pendingBytes += bytes.length;
  }

  #take(): Buffer {
    const part = Buffer.concat(this.#pending);
    this.#pending = [];
    this.#pendingBytes = 0;
    return part;
  }
}
