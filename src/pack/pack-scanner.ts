import { GitMirrorError } from '../core/error.ts';
import { rawLength, type ObjectFormat } from '../core/object-id.ts';
import { inflateStatus } from '../kernel/inflate-state.ts';
import { Inflater, outputSlackBytes, windowBytes } from '../kernel/inflate.ts';
import { EntryHeader } from './pack-entry.ts';
import { decodePackHeader, packHeaderBytes } from './pack-header.ts';
import { PackTrailerVerifier } from './pack-trailer.ts';

/** What {@link PackScanner.next} came upon. */
export const packEvent = {
  /** All input is used up: `feed` more, or `finish`. */
  needInput: 0,
  /** The pack's header: `objectCount` is known. */
  header: 1,
  /** An entry begins: `entry` and `entryOffset` are set. Call `hold` to get its content whole; else it comes as pieces. */
  entry: 2,
  /** A piece of an entry that is not held: `content`. */
  piece: 3,
  /** The entry has ended at `entryEnd`; when it was held, `content` is all of it. */
  entryEnd: 4,
  /** The trailer has been read and is right. Nothing may follow. */
  end: 5,
} as const;
export type PackEvent = (typeof packEvent)[keyof typeof packEvent];

/** Bytes of content in one piece, at most. */
const pieceBytes = 64 * 1024;
/** Room for held content to begin with: it grows only as content really comes, whatever size was claimed. */
const firstHeldBytes = 64 * 1024;
/** A buffer larger than this is given up after the entry that needed it. */
const keptHeldBytes = 4 * 1024 * 1024;

const state = { header: 0, entry: 1, content: 2, trailer: 3, end: 4 } as const;

/**
 * Reads a pack that comes in chunks, synchronously and in bounded memory: `feed` a chunk, call `next` until it says
 * `needInput`, feed the next, and `finish` after the last. It inflates every entry, since nothing else tells where one
 * ends, and checks sizes, zlib checksums and the trailer (gitformat-pack).
 *
 * Errors of all methods are GitMirrorErrors: `GM_PROTOCOL` when it is no pack; `GM_CORRUPT` when it is damaged.
 */
export class PackScanner {
  readonly entry: EntryHeader;
  objectCount = 0;
  /** Where the entry begins in the pack. */
  entryOffset = 0;
  /** Where the entry ended in the pack. */
  entryEnd = 0;
  /** Borrowed until the next call of `next`. */
  content: Uint8Array = new Uint8Array(0);
  /**
   * Called with the compressed bytes of an entry for which it was set during the event `entry`; in one or more pieces,
   * all of them before `entryEnd`. The bytes are borrowed. Unset when the entry ends.
   */
  onCompressed: ((bytes: Uint8Array) => void) | undefined;
  readonly #rawLength: number;
  readonly #inflater = new Inflater();
  readonly #verifier: PackTrailerVerifier;
  #state: number = state.header;
  #input: Uint8Array = new Uint8Array(0);
  #position = 0;
  /** Place in the pack of the first byte of `#input`. */
  #inputOffset = 0;
  #entriesLeft = 0;
  #held = false;
  #heldBuffer = new Uint8Array(firstHeldBytes + outputSlackBytes);
  readonly #window = new Uint8Array(windowBytes + pieceBytes + outputSlackBytes);
  /** Bytes of the entry given as pieces so far. */
  #given = 0;
  #pieceStart = 0;

  constructor(format: ObjectFormat) {
    this.#rawLength = rawLength(format);
    this.entry = new EntryHeader(format);
    this.#verifier = new PackTrailerVerifier(format);
  }

  /** Gives the next bytes, which are borrowed until `next` says `needInput`. */
  feed(chunk: Uint8Array): void {
    if (chunk.length === 0) return;
    if (this.#state === state.end) throw corrupt('bytes follow its end');
    this.#verifier.push(chunk);
    const left = this.#input.length - this.#position;
    this.#inputOffset += this.#position;
    if (left === 0) {
      this.#input = chunk;
    } else {
      const joined = new Uint8Array(left + chunk.length);
      joined.set(this.#input.subarray(this.#position));
      joined.set(chunk, left);
      this.#input = joined;
    }
    this.#position = 0;
    this.#inflater.input = this.#input;
    this.#inflater.inputEnd = this.#input.length;
  }

  /** Asks for the content of the entry that just began in one array. `limit` bounds its claimed size (`GM_LIMIT`). */
  hold(limit: number): void {
    if (this.entry.size > limit) {
      throw new GitMirrorError('GM_LIMIT', `Reading a pack: an object of ${this.entry.size} bytes is over the bound.`, {
        details: { limit: 'objectBytes', bytes: this.entry.size, maxBytes: limit },
      });
    }
    this.#held = true;
    const room = Math.min(this.entry.size + 1, this.#heldBuffer.length - outputSlackBytes);
    this.#inflater.output = this.#heldBuffer;
    this.#inflater.outputLimit = room;
  }

  next(): PackEvent {
    const event = this.#advance();
    if (event === packEvent.needInput && this.#position < this.#input.length) {
      // A few bytes that make no sense without those that follow.
      this.#inputOffset += this.#position;
      this.#input = new Uint8Array(this.#input.subarray(this.#position));
      this.#position = 0;
    }
    return event;
  }

  #advance(): PackEvent {
    switch (this.#state) {
      case state.header:
        return this.#header();
      case state.entry:
        return this.#entriesLeft > 0 ? this.#entry() : this.#trailer();
      case state.content:
        return this.#held ? this.#holdContent() : this.#nextPiece();
      case state.trailer:
        return this.#trailer();
      default:
        return packEvent.needInput;
    }
  }

  /** To be called after the last chunk. @throws GitMirrorError `GM_CORRUPT` when the pack is not whole. */
  finish(): void {
    if (this.#state !== state.end) {
      const bytes = this.#inputOffset + this.#input.length;
      throw new GitMirrorError('GM_CORRUPT', `Reading a pack: it was cut off after ${bytes} bytes.`, {
        details: { bytes },
      });
    }
  }

  #header(): PackEvent {
    if (this.#input.length - this.#position < packHeaderBytes) return packEvent.needInput;
    const { objectCount } = decodePackHeader(this.#input.subarray(this.#position, this.#position + packHeaderBytes));
    this.#position += packHeaderBytes;
    this.objectCount = objectCount;
    this.#entriesLeft = objectCount;
    this.#state = state.entry;
    return packEvent.header;
  }

  #entry(): PackEvent {
    if (!this.entry.decode(this.#input, this.#position, this.#input.length)) return packEvent.needInput;
    this.entryOffset = this.#inputOffset + this.#position;
    this.#position += this.entry.length;
    this.#entriesLeft--;
    this.#state = state.content;
    this.#held = false;
    this.#given = 0;
    this.#pieceStart = 0;
    this.onCompressed = undefined;
    const inflater = this.#inflater;
    inflater.reset();
    inflater.output = this.#window;
    inflater.outputPosition = 0;
    inflater.outputLimit = this.#window.length - outputSlackBytes;
    return packEvent.entry;
  }

  /** Runs the inflater from where the input stands, and passes the compressed bytes it used on to who asked for them. */
  #inflate(): number {
    const inflater = this.#inflater;
    const start = this.#position;
    inflater.inputPosition = start;
    const status = inflater.run();
    this.#position = inflater.inputPosition;
    if (this.onCompressed !== undefined && this.#position > start) {
      this.onCompressed(this.#input.subarray(start, this.#position));
    }
    if (status === inflateStatus.corrupt)
      throw corrupt(`an object at ${this.entryOffset} is damaged: ${inflater.problem}`);
    return status;
  }

  #holdContent(): PackEvent {
    const inflater = this.#inflater;
    const { size } = this.entry;
    for (;;) {
      const status = this.#inflate();
      if (inflater.outputPosition > size) throw this.#wrongSize();
      if (status === inflateStatus.needInput) return packEvent.needInput;
      if (status === inflateStatus.needOutput) {
        this.#growHeld();
        continue;
      }
      if (inflater.outputPosition !== size) throw this.#wrongSize();
      this.content = this.#heldBuffer.subarray(0, size);
      if (this.#heldBuffer.length > keptHeldBytes) this.#heldBuffer = new Uint8Array(firstHeldBytes + outputSlackBytes);
      return this.#entryEnd();
    }
  }

  #growHeld(): void {
    const room = Math.min(this.entry.size + 1, this.#inflater.outputLimit * 2);
    const larger = new Uint8Array(room + outputSlackBytes);
    larger.set(this.#heldBuffer.subarray(0, this.#inflater.outputPosition));
    this.#heldBuffer = larger;
    this.#inflater.output = larger;
    this.#inflater.outputLimit = room;
  }

  #nextPiece(): PackEvent {
    const inflater = this.#inflater;
    if (inflater.outputPosition >= inflater.outputLimit) {
      // The piece given last is no longer borrowed: keep the window, make room behind it.
      const from = inflater.outputPosition - windowBytes;
      this.#window.copyWithin(0, from, inflater.outputPosition);
      inflater.outputPosition = windowBytes;
      this.#pieceStart = windowBytes;
    }
    const status = this.#inflate();
    const produced = inflater.outputPosition - this.#pieceStart;
    if (this.#given + produced > this.entry.size) throw this.#wrongSize();
    if (status === inflateStatus.needInput) return packEvent.needInput;
    if (produced > 0) {
      // At the stream's end this comes first; the next call finds the inflater done, with nothing more.
      this.content = this.#window.subarray(this.#pieceStart, inflater.outputPosition);
      this.#pieceStart = inflater.outputPosition;
      this.#given += produced;
      return packEvent.piece;
    }
    if (this.#given !== this.entry.size) throw this.#wrongSize();
    return this.#entryEnd();
  }

  #entryEnd(): PackEvent {
    this.entryEnd = this.#inputOffset + this.#position;
    this.onCompressed = undefined;
    this.#state = state.entry;
    return packEvent.entryEnd;
  }

  #trailer(): PackEvent {
    this.#state = state.trailer;
    if (this.#input.length - this.#position < this.#rawLength) return packEvent.needInput;
    this.#position += this.#rawLength;
    if (this.#position < this.#input.length) throw corrupt('bytes follow its end');
    if (!this.#verifier.finish()) throw corrupt('its checksum does not match');
    this.#state = state.end;
    return packEvent.end;
  }

  #wrongSize(): GitMirrorError {
    return corrupt(`an object at ${this.entryOffset} is not as large as it states`);
  }
}

function corrupt(problem: string): GitMirrorError {
  return new GitMirrorError('GM_CORRUPT', `Reading a pack: ${problem}.`);
}
