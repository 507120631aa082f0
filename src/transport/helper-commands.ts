import { concatBytes, decodeUtf8, encodeUtf8 } from '../core/bytes.ts';
import { GitMirrorError } from '../core/error.ts';
import { limits } from '../core/limits.ts';
import type { ByteChannel } from './byte-channel.ts';

/** Longest line of a remote helper that is accepted. */
const maxLineBytes = 8192;

/** The line-by-line part of talking to a remote helper (gitremote-helpers, "COMMANDS"). */
export class HelperCommands {
  readonly #channel: ByteChannel;
  readonly #name: string;
  #ahead: Uint8Array = new Uint8Array();
  #spoke = false;

  /** `name` is the program, for messages. */
  constructor(channel: ByteChannel, name: string) {
    this.#channel = channel;
    this.#name = name;
  }

  /** What was read but belongs to the conversation behind the last line. */
  get ahead(): Uint8Array {
    return this.#ahead;
  }

  /** The capabilities it lists. Throws `GM_PROTOCOL` for one that is mandatory and unknown. */
  async capabilities(): Promise<ReadonlySet<string>> {
    await this.#send('capabilities');
    const listed = new Set<string>();
    for (let line = await this.#readLine(); line !== ''; line = await this.#readLine()) {
      const capability = line.replace(/^\*/, '');
      if (line.startsWith('*') && capability !== 'connect' && capability !== 'stateless-connect') {
        throw new GitMirrorError(
          'GM_PROTOCOL',
          `${this.#name} insists on the capability ${capability.slice(0, 100)}, which only git itself can serve`,
        );
      }
      listed.add(capability);
      if (listed.size > limits.maxCapabilities) {
        throw new GitMirrorError('GM_LIMIT', `${this.#name} lists more than ${limits.maxCapabilities} capabilities`);
      }
    }
    return listed;
  }

  /** Asks for a conversation. False when the helper cannot have one and takes further commands (`fallback`). */
  async connect(command: 'connect' | 'stateless-connect', service: string): Promise<boolean> {
    await this.#send(`${command} ${service}`);
    const reply = await this.#readLine();
    if (reply === '') return true;
    if (reply === 'fallback') return false;
    throw new GitMirrorError('GM_PROTOCOL', `${this.#name} gave no reply to ${command} that the protocol knows`);
  }

  async #send(line: string): Promise<void> {
    // When it no longer reads, the next line it does not write tells.
    await this.#channel.write(encodeUtf8(`${line}\n`));
  }

  async #readLine(): Promise<string> {
    for (;;) {
      const end = this.#ahead.indexOf(0x0a);
      if (end >= 0 && end <= maxLineBytes) {
        const line = decodeUtf8(this.#ahead.subarray(0, end));
        this.#ahead = this.#ahead.subarray(end + 1);
        return line;
      }
      if (this.#ahead.length > maxLineBytes) {
        throw new GitMirrorError('GM_LIMIT', `${this.#name} wrote a line of more than ${maxLineBytes} bytes`);
      }
      const chunk = await this.#channel.read();
      if (chunk === undefined) {
        throw (
          (await this.#channel.explainEnd({ spoke: this.#spoke })) ??
          new GitMirrorError('GM_PROTOCOL', `${this.#name} ended without answering`)
        );
      }
      this.#spoke = true;
      this.#ahead = concatBytes([this.#ahead, chunk]);
    }
  }
}
