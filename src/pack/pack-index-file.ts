import type { ByteStream } from '../core/byte-stream.ts';
import { GitMirrorError } from '../core/error.ts';
import { limits } from '../core/limits.ts';
import { encodeObjectId, rawLength, type ObjectFormat, type ObjectId } from '../core/object-id.ts';
import { PackTrailerVerifier } from './pack-trailer.ts';
import { ScratchFile } from './scratch-file.ts';

const fanoutEntries = 256;

/**
 * A pack's `.idx` file, version 1 or 2 (gitformat-pack, "pack-*.idx files"), kept in a scratch file: only to tell which
 * objects a pack holds, before the pack itself is there.
 */
export class PackIndexFile {
  readonly #file: ScratchFile;
  readonly #rawLength: number;
  readonly #fanout: Uint32Array;
  readonly #namesStart: number;
  readonly #nameStep: number;
  /** Trailer of the pack this is the index of. */
  readonly packChecksum: Uint8Array;

  private constructor(file: ScratchFile, format: ObjectFormat, layout: IndexLayout) {
    this.#file = file;
    this.#rawLength = rawLength(format);
    this.#fanout = layout.fanout;
    this.#namesStart = layout.namesStart;
    this.#nameStep = layout.nameStep;
    this.packChecksum = new Uint8Array(file.read(file.size - 2 * this.#rawLength, this.#rawLength));
  }

  /**
   * Reads an index as it comes. The caller closes the result.
   *
   * @throws GitMirrorError `GM_CORRUPT` when it is no index, or its size, order or checksum is wrong; `GM_LIMIT` over
   * `limits.maxPackIndexBytes`; `GM_SYSTEM` when it cannot be kept.
   */
  static async read(
    stream: ByteStream,
    options: {
      readonly format: ObjectFormat;
      readonly dir?: string | undefined;
      readonly signal?: AbortSignal | undefined;
    },
  ): Promise<PackIndexFile> {
    const file = new ScratchFile({ dir: options.dir });
    const verifier = new PackTrailerVerifier(options.format);
    try {
      for await (const chunk of stream) {
        options.signal?.throwIfAborted();
        if (file.size + chunk.length > limits.maxPackIndexBytes) {
          throw new GitMirrorError('GM_LIMIT', `Reading a pack index: over ${limits.maxPackIndexBytes} bytes.`, {
            details: { limit: 'maxPackIndexBytes' },
          });
        }
        verifier.push(chunk);
        file.append(chunk);
      }
      if (!verifier.finish()) throw corrupt('its checksum does not match');
      return new PackIndexFile(file, options.format, readLayout(file, options.format));
    } catch (error) {
      file.close();
      throw error;
    }
  }

  /** Objects in the pack. */
  get objectCount(): number {
    return this.#fanout[fanoutEntries - 1] ?? 0;
  }

  has(oid: ObjectId): boolean {
    const name = encodeObjectId(oid);
    const first = name[0] ?? 0;
    let low = first === 0 ? 0 : (this.#fanout[first - 1] ?? 0);
    let high = (this.#fanout[first] ?? 0) - 1;
    while (low <= high) {
      const middle = Math.floor((low + high) / 2);
      const place = this.#namesStart + middle * this.#nameStep;
      const order = Buffer.compare(this.#file.read(place, this.#rawLength), name);
      if (order === 0) return true;
      if (order < 0) low = middle + 1;
      else high = middle - 1;
    }
    return false;
  }

  close(): void {
    this.#file.close();
  }
}

interface IndexLayout {
  readonly fanout: Uint32Array;
  /** Where the first raw name begins, and how far it is to the next. */
  readonly namesStart: number;
  readonly nameStep: number;
}

function readLayout(file: ScratchFile, format: ObjectFormat): IndexLayout {
  const raw = rawLength(format);
  if (file.size < fanoutEntries * 4 + 2 * raw) throw corrupt('it is too short');
  const head = Buffer.from(file.read(0, 8));
  const isVersion2 = head.readUInt32BE(0) === 0xff744f63;
  if (isVersion2 && head.readUInt32BE(4) !== 2) throw corrupt('its version is unknown');
  const fanoutStart = isVersion2 ? 8 : 0;
  if (file.size < fanoutStart + fanoutEntries * 4 + 2 * raw) throw corrupt('it is too short');
  const bytes = Buffer.from(file.read(fanoutStart, fanoutEntries * 4));
  const fanout = new Uint32Array(fanoutEntries);
  for (let index = 0; index < fanoutEntries; index++) {
    const count = bytes.readUInt32BE(index * 4);
    if (index > 0 && count < (fanout[index - 1] ?? 0)) throw corrupt('its table does not ascend');
    fanout[index] = count;
  }
  const count = fanout[fanoutEntries - 1] ?? 0;
  const tableEnd = fanoutStart + fanoutEntries * 4;
  const left = file.size - tableEnd - 2 * raw;
  // Version 1: offset and name. Version 2: names, checksums, offsets, and 8 bytes for each offset beyond 31 bits.
  const beyond = isVersion2 ? left - count * (raw + 8) : 0;
  const isWhole = isVersion2 ? beyond >= 0 && beyond % 8 === 0 && beyond / 8 <= count : left === count * (raw + 4);
  if (!isWhole) throw corrupt('its size does not fit its objects');
  return isVersion2
    ? { fanout, namesStart: tableEnd, nameStep: raw }
    : { fanout, namesStart: tableEnd + 4, nameStep: raw + 4 };
}

function corrupt(problem: string): GitMirrorError {
  return new GitMirrorError('GM_CORRUPT', `Reading a pack index: ${problem}.`);
}
