import { rawLength, type ObjectFormat } from '../core/object-id.ts';
import { equalBytes } from '../core/bytes.ts';
import { ReadFile } from './read-file.ts';

const headerBytes = 12;
const signature = 0x5041_434b;

let lastId = 0;

/** A `.pack` file on disk, open: it can be read even after git has removed it. The owner closes it. */
export class PackFile {
  /** Tells packs apart in caches, over all repositories of a thread. */
  readonly id = ++lastId;
  readonly file: ReadFile;
  readonly version: number;
  readonly objectCount: number;
  /** Where the trailer begins: entries end here at the latest. */
  readonly end: number;

  private constructor(file: ReadFile, version: number, objectCount: number, end: number) {
    this.file = file;
    this.version = version;
    this.objectCount = objectCount;
    this.end = end;
  }

  /**
   * Opens a pack and checks, as git does, that it is the one that the index speaks of: its count and its trailer.
   * Undefined when there is no such file.
   *
   * @throws GitMirrorError `GM_CORRUPT` when it is no pack or another one.
   */
  static open(
    path: string,
    format: ObjectFormat,
    index: { readonly objectCount: number; readonly packChecksum: Uint8Array } | undefined,
  ): PackFile | undefined {
    const file = ReadFile.open(path);
    if (file === undefined) return undefined;
    try {
      const raw = rawLength(format);
      const end = file.size - raw;
      if (end < headerBytes) throw file.corrupt('it is too short for a pack');
      const head = Buffer.alloc(headerBytes);
      file.read(0, head, 0, headerBytes);
      const version = head.readUInt32BE(4);
      if (head.readUInt32BE(0) !== signature || version < 2 || version > 3) throw file.corrupt('it is no pack');
      const objectCount = head.readUInt32BE(8);
      const pack = new PackFile(file, version, objectCount, end);
      if (
        index !== undefined &&
        (objectCount !== index.objectCount || !equalBytes(pack.readTrailer(), index.packChecksum))
      ) {
        throw file.corrupt('the pack does not match its index');
      }
      return pack;
    } catch (error) {
      file.close();
      throw error;
    }
  }

  /** The pack's checksum, as it stands at its end. */
  readTrailer(): Uint8Array {
    const trailer = new Uint8Array(this.file.size - this.end);
    this.file.read(this.end, trailer, 0, trailer.length);
    return trailer;
  }

  close(): void {
    this.file.close();
  }
}
