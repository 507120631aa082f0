import { limits } from '../core/limits.ts';
import { printableText } from './printable-text.ts';

const maxLineLength = 4096;
const lineEnds = /[\n\r]/;

/**
 * Text of the other side (band 2: progress and messages) as lines. It comes in pieces that are split anywhere, also
 * within a character; a line ends with LF or, when progress overwrites itself, CR. Lines are made printable, empty ones
 * left out. No more than `limits.maxMessageBytes` are kept: when nobody takes them, the oldest go first.
 */
export class MessageLines {
  readonly #decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  #lines: string[] = [];
  #keptLength = 0;
  #partial = '';

  /** Adds a piece, which is read before this returns. */
  push(bytes: Uint8Array): void {
    const parts = (this.#partial + this.#decoder.decode(bytes, { stream: true })).split(lineEnds);
    this.#partial = parts.pop() ?? '';
    for (const part of parts) this.#keep(part);
    if (this.#partial.length > maxLineLength) this.finish();
  }

  /** Makes a line of what has no end yet. */
  finish(): void {
    this.#keep(this.#partial);
    this.#partial = '';
  }

  /** The lines since the last call, oldest first. */
  take(): string[] {
    const taken = this.#lines;
    this.#lines = [];
    this.#keptLength = 0;
    return taken;
  }

  #keep(text: string): void {
    const line = printableText(text, maxLineLength);
    if (line === '') return;
    this.#lines.push(line);
    this.#keptLength += line.length;
    if (this.#keptLength <= limits.maxMessageBytes) return;
    // Half of them at once, so that a flood of short lines does not cost a move of the array for each.
    for (const dropped of this.#lines.splice(0, Math.ceil(this.#lines.length / 2))) this.#keptLength -= dropped.length;
  }
}
