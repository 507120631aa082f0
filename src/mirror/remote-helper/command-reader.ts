import type { Readable } from 'node:stream';
import { GitMirrorError } from '../../core/error.ts';
import { isObjectId, type ObjectId } from '../../core/object-id.ts';

/** A command of gitremote-helpers(7), with all of its batch. Texts hold one character a byte. */
export type HelperCommand =
  | { readonly kind: 'capabilities' }
  | { readonly kind: 'list'; readonly isForPush: boolean }
  | { readonly kind: 'option'; readonly name: string; readonly value: string }
  | { readonly kind: 'fetch'; readonly refs: readonly WantedRef[] }
  | { readonly kind: 'push'; readonly refspecs: readonly string[] }
  | { readonly kind: 'unknown'; readonly line: string };

/** What a fetch command names: an object, and the ref of the origin that it was listed under. */
export interface WantedRef {
  readonly oid: ObjectId;
  readonly name: string;
}

/** Reads what git asks of a remote helper. */
export class CommandReader {
  readonly #lines: string[] = [];
  #rest = '';
  #ended = false;
  #wake: () => void = () => undefined;
  #onEnd: () => void = () => undefined;

  /** Takes over `input`. Git waits for each answer, so no more than one batch is ever held. */
  constructor(input: Readable) {
    input.setEncoding('latin1');
    input.on('data', (text: string) => {
      const lines = (this.#rest + text).split('\n');
      this.#rest = lines.pop() ?? '';
      for (const line of lines) this.#lines.push(line);
      this.#wake();
    });
    const end = (): void => {
      this.#ended = true;
      this.#wake();
      this.#onEnd();
    };
    input.on('end', end);
    input.on('error', end);
  }

  /** There are no more commands, whatever comes. */
  stop(): void {
    this.#ended = true;
    this.#lines.length = 0;
    this.#wake();
  }

  /** Calls `listener` when git has gone: whatever is under way is for nobody. */
  onEnd(listener: () => void): void {
    this.#onEnd = listener;
  }

  /** The next command; undefined when git has no more. */
  async next(): Promise<HelperCommand | undefined> {
    const line = await this.#line();
    if (line === undefined || line === '') return undefined;
    const [, word = '', rest = ''] = /^(\S+) ?(.*)$/s.exec(line) ?? [];
    switch (word) {
      case 'capabilities':
        return { kind: 'capabilities' };
      case 'list':
        return { kind: 'list', isForPush: rest === 'for-push' };
      case 'option': {
        const [, name = '', value = ''] = /^(\S+) ?(.*)$/s.exec(rest) ?? [];
        return { kind: 'option', name, value };
      }
      case 'fetch':
        return { kind: 'fetch', refs: (await this.#batch(line, 'fetch ')).map(wantedRef) };
      case 'push':
        return { kind: 'push', refspecs: await this.#batch(line, 'push ') };
      default:
        return { kind: 'unknown', line };
    }
  }

  async #batch(first: string, prefix: string): Promise<readonly string[]> {
    const batch = [];
    for (let line: string | undefined = first; line?.startsWith(prefix) === true; line = await this.#line()) {
      batch.push(line.slice(prefix.length));
    }
    return batch;
  }

  async #line(): Promise<string | undefined> {
    while (this.#lines.length === 0 && !this.#ended) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    return this.#lines.shift();
  }
}

function wantedRef(text: string): WantedRef {
  const [oid = '', ...name] = text.split(' ');
  if (!isObjectId(oid)) throw new GitMirrorError('GM_PROTOCOL', `git asks for "${text}", which is no object name`);
  return { oid, name: name.join(' ') };
}
