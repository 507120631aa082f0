/** One commit for {@link FastImport}. */
export interface NewCommit {
  /** Full name of the ref that is made to point to it. */
  readonly ref: string;
  /** Commit it grows from: an object name, or a mark (`:3`). None: a root. */
  readonly from?: string | undefined;
  /** Further parents. */
  readonly merge?: readonly string[] | undefined;
  readonly message?: string | undefined;
  /** Paths and contents that are added or replaced; null deletes. */
  readonly files?: Readonly<Record<string, string | Uint8Array | null>> | undefined;
}

const firstSecond = 1_700_000_000;

/** Writes a stream for `git fast-import`. The same calls give the same object names, on every machine. */
export class FastImport {
  readonly #parts: Buffer[] = [];
  #marks = 0;
  #clock: number;

  /** @param clock seconds after a fixed moment at which the first commit is made. */
  constructor(clock = 0) {
    this.#clock = clock;
  }

  /** Adds a commit; returns its mark. */
  commit({ ref, from, merge = [], message = 'change', files = {} }: NewCommit): string {
    this.#marks += 1;
    this.#clock += 1;
    const time = `${String(firstSecond + this.#clock)} +0000`;
    // Without the reset a root commit would grow from whatever the ref names already.
    if (from === undefined) this.#text(`reset ${ref}\n\n`);
    this.#text(`commit ${ref}\nmark :${String(this.#marks)}\n`);
    this.#text(`author A U Thor <author@example.com> ${time}\ncommitter C O Mitter <committer@example.com> ${time}\n`);
    this.#data(message);
    if (from !== undefined) this.#text(`from ${from}\n`);
    for (const parent of merge) this.#text(`merge ${parent}\n`);
    for (const [path, content] of Object.entries(files)) {
      if (content === null) this.#text(`D ${path}\n`);
      else {
        this.#text(`M 100644 inline ${path}\n`);
        this.#data(content);
      }
    }
    this.#text('\n');
    return `:${String(this.#marks)}`;
  }

  /** Points a ref to a commit. */
  reset(ref: string, target: string): void {
    this.#text(`reset ${ref}\nfrom ${target}\n\n`);
  }

  /** Adds an annotated tag; `name` is without `refs/tags/`. */
  tag(name: string, target: string): void {
    this.#text(`tag ${name}\nfrom ${target}\n`);
    this.#text(`tagger C O Mitter <committer@example.com> ${String(firstSecond + this.#clock)} +0000\n`);
    this.#data(`release ${name}`);
  }

  finish(): Buffer {
    return Buffer.concat([...this.#parts, Buffer.from('done\n')]);
  }

  #text(text: string): void {
    this.#parts.push(Buffer.from(text));
  }

  #data(content: string | Uint8Array): void {
    const bytes = Buffer.from(content);
    this.#parts.push(Buffer.from(`data ${String(bytes.length)}\n`), bytes, Buffer.from('\n'));
  }
}
