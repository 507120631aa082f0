import { GitMirrorError } from '../../core/error.ts';
import { decodeRawText } from '../../core/raw-text.ts';

/** What the first line of packed-refs says of the rest. */
export interface PackedHeader {
  /** Where the first record begins, and where the last one ends. */
  readonly start: number;
  readonly size: number;
  readonly isSorted: boolean;
  /** For which refs the lack of a peeled name means that there is none. */
  readonly peeled: 'none' | 'tags' | 'fully';
}

const lineFeed = 0x0a;
const caret = 0x5e;
const numberSign = 0x23;
const headerStart = '# pack-refs with: ';

/**
 * Reads the header line, which may be missing.
 *
 * @param bytes - the beginning of the file
 * @throws GitMirrorError `GM_CORRUPT`, in git's words, for a comment that is no header
 */
export function readPackedHeader(bytes: Buffer, size: number, path: string): PackedHeader {
  if (bytes[0] !== numberSign) return { start: 0, size, isSorted: size === 0, peeled: 'none' };
  const end = bytes.indexOf(lineFeed);
  if (end < 0) throw unexpectedLine(bytes, 0, path);
  const line = bytes.toString('latin1', 0, end);
  if (!line.startsWith(headerStart)) throw unexpectedLine(bytes, 0, path);
  const traits = line.slice(headerStart.length).split(' ');
  const peeled = traits.includes('fully-peeled') ? 'fully' : traits.includes('peeled') ? 'tags' : 'none';
  return { start: end + 1, size, isSorted: traits.includes('sorted'), peeled };
}

/**
 * The records from `start` on in the order of the bytes of their names, each with its peeled line; in place of what is
 * before `start` there is as much of nothing. The same buffer when they are in order already.
 *
 * @throws GitMirrorError `GM_CORRUPT`, in git's words, for lines too short to be compared
 */
export function sortPackedRefs(bytes: Buffer, start: number, hexLength: number, path: string): Buffer {
  const records: Buffer[] = [];
  let isSorted = true;
  const nameOf = (record: Buffer): Buffer => record.subarray(hexLength + 1, record.indexOf(lineFeed));
  for (let at = start; at < bytes.length;) {
    let end = bytes.indexOf(lineFeed, at);
    if (end < 0 || end - at < hexLength + 2) throw unexpectedLine(bytes, at, path);
    if (bytes[end + 1] === caret) end = bytes.indexOf(lineFeed, end + 1);
    if (end < 0) throw unexpectedLine(bytes, at, path);
    const record = bytes.subarray(at, end + 1);
    const previous = records.at(-1);
    isSorted &&= previous === undefined || Buffer.compare(nameOf(previous), nameOf(record)) < 0;
    records.push(record);
    at = end + 1;
  }
  if (isSorted) return bytes;
  records.sort((left, right) => Buffer.compare(nameOf(left), nameOf(right)));
  return Buffer.concat([bytes.subarray(0, start), ...records]);
}

const shownBytes = 75;

/** The error for a line that is none of packed-refs, in git's words. */
export function unexpectedLine(bytes: Buffer, start: number, path: string): GitMirrorError {
  const end = bytes.indexOf(lineFeed, start);
  const what = end < 0 ? 'unterminated' : 'unexpected';
  const length = (end < 0 ? bytes.length : end) - start;
  const shown = decodeRawText(bytes.subarray(start, start + (length < 80 ? length : shownBytes)));
  const line = length < 80 ? shown : `${shown}...`;
  return new GitMirrorError('GM_CORRUPT', `${what} line in ${path}: ${line}`, { details: { path } });
}
