import { GitMirrorError } from '../core/error.ts';
import type { ObjectFormat, ObjectId } from '../core/object-id.ts';
import { isValidRefName } from '../core/ref-name.ts';
import { Capabilities, requireObjectFormat } from './capabilities.ts';
import { requireCommand } from './command-request.ts';
import { fetchFlags } from './fetch-v2.ts';
import type { FetchRequest, FetchSections } from './fetch-v2.ts';
import { PacketWriter } from './pkt-line.ts';
import type { Packet } from './pkt-line.ts';
import { badLineError, parseOid, parsePositive, parseTimestamp } from './protocol-line.ts';

/** A {@link FetchRequest} as a server reads it: lists and flags are always there. */
export type DecodedFetchRequest = FetchRequest & {
  readonly [
    Key in keyof typeof fetchFlags | 'wants' | 'wantRefs' | 'haves' | 'shallow' | 'deepenNot' | 'packfileUris'
  ]-?: NonNullable<FetchRequest[Key]>;
};

const doing = 'reading a fetch request';

type Flag = keyof typeof fetchFlags;
const flagsByWord: ReadonlyMap<string, Flag> = new Map(
  Object.entries(fetchFlags).map(([flag, word]) => [word, flag as Flag]),
);

/**
 * The request in `packets`, read to its flush. Which features the server has advertised is for the caller to hold
 * against it. `GM_PROTOCOL` for what git would not take, `GM_OBJECT_FORMAT` for another hash function than `format`,
 * `GM_LIMIT` for more than `maxLines` arguments (default `limits.maxRequestLines`).
 */
export function decodeFetchRequest(
  packets: Iterable<Packet>,
  format: ObjectFormat,
  options?: { readonly maxLines?: number },
): DecodedFetchRequest {
  const { capabilities, args } = requireCommand('fetch', packets, options);
  requireObjectFormat(Capabilities.parseLines(capabilities), format);
  const flags = Object.fromEntries([...flagsByWord.values()].map((flag) => [flag, false])) as Record<Flag, boolean>;
  const wants: ObjectId[] = [];
  const haves: ObjectId[] = [];
  const shallow: ObjectId[] = [];
  const wantRefs = new Set<string>();
  const deepenNot: string[] = [];
  const single: { deepen?: number; deepenSince?: number; filter?: string; packfileUris?: readonly string[] } = {};
  for (const arg of args) {
    const blank = arg.indexOf(' ');
    const word = blank < 0 ? arg : arg.slice(0, blank);
    const value = blank < 0 ? undefined : arg.slice(blank + 1);
    if (value === undefined) {
      const flag = flagsByWord.get(word);
      if (flag === undefined) throw badLineError(doing, 'an argument of fetch', arg);
      flags[flag] = true;
      continue;
    }
    switch (word) {
      case 'want':
        wants.push(required(parseOid(value, format), arg));
        break;
      case 'have':
        haves.push(required(parseOid(value, format), arg));
        break;
      case 'shallow':
        shallow.push(required(parseOid(value, format), arg));
        break;
      case 'want-ref':
        if (!isValidRefName(value) || wantRefs.has(value)) throw badLineError(doing, 'each ref once', arg);
        wantRefs.add(value);
        break;
      case 'deepen':
        single.deepen = required(parsePositive(value), arg);
        break;
      case 'deepen-since':
        single.deepenSince = required(parseTimestamp(value), arg);
        break;
      case 'deepen-not':
        deepenNot.push(value);
        break;
      case 'filter':
        if (single.filter !== undefined) throw badLineError(doing, 'one filter', arg);
        single.filter = value;
        break;
      case 'packfile-uris':
        if (single.packfileUris !== undefined) throw badLineError(doing, 'one line of packfile-uris', arg);
        single.packfileUris = value.split(',');
        break;
      default:
        throw badLineError(doing, 'an argument of fetch', arg);
    }
  }
  return {
    capabilities,
    wants,
    haves,
    shallow,
    wantRefs: [...wantRefs],
    deepenNot,
    ...flags,
    ...single,
    packfileUris: single.packfileUris ?? [],
  };
}

function required<Value>(value: Value | undefined, arg: string): Value {
  if (value === undefined) throw badLineError(doing, 'a legal value', arg);
  return value;
}

/**
 * The sections of an answer as bytes, in the order git's own server sends them. With `packfile` the header of the pack
 * section ends them, and the pack follows as sideband; without, the acknowledgments end the answer. With `sidebandAll`
 * each line goes on band 1. `GM_INTERNAL` when the sections and `packfile` contradict each other.
 */
export function encodeFetchSections(
  sections: FetchSections,
  options: { readonly packfile: boolean; readonly sidebandAll?: boolean },
): Uint8Array {
  const { acknowledgments, shallowInfo, wantedRefs, packfileUris } = sections;
  if (acknowledgments === undefined ? !options.packfile : acknowledgments.ready !== options.packfile) {
    throw new GitMirrorError('GM_INTERNAL', 'writing a fetch answer: a pack follows acknowledgments if they say ready');
  }
  const band = options.sidebandAll === true ? '\u0001' : '';
  const writer = new PacketWriter();
  if (acknowledgments !== undefined) {
    writer.line(`${band}acknowledgments`);
    if (acknowledgments.nak) writer.line(`${band}NAK`);
    for (const oid of acknowledgments.acks) writer.line(`${band}ACK ${oid}`);
    if (!acknowledgments.ready) return writer.flush().finish();
    writer.line(`${band}ready`).delim();
  }
  if (wantedRefs !== undefined) {
    writer.line(`${band}wanted-refs`);
    for (const { oid, name } of wantedRefs) writer.line(`${band}${oid} ${name}`);
    writer.delim();
  }
  if (shallowInfo !== undefined) {
    writer.line(`${band}shallow-info`);
    // git sends these two without LF.
    for (const oid of shallowInfo.shallow) writer.data(`${band}shallow ${oid}`);
    for (const oid of shallowInfo.unshallow) writer.data(`${band}unshallow ${oid}`);
    writer.delim();
  }
  if (packfileUris !== undefined) {
    writer.line(`${band}packfile-uris`);
    for (const { hash, uri } of packfileUris) writer.line(`${band}${hash} ${uri}`);
    writer.delim();
  }
  return writer.line(`${band}packfile`).finish();
}
