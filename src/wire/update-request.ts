import { GitMirrorError } from '../core/error.ts';
import { limits } from '../core/limits.ts';
import { hexLength } from '../core/object-id.ts';
import type { ObjectFormat, ObjectId } from '../core/object-id.ts';
import { isValidRefName } from '../core/ref-name.ts';
import { Capabilities, formatCapabilityList, requireObjectFormat } from './capabilities.ts';
import { PacketWriter, textOf } from './pkt-line.ts';
import type { Packet } from './pkt-line.ts';
import { printableText } from './printable-text.ts';
import { badLineError, isReceivedRefName, parseOid } from './protocol-line.ts';

/** A ref to be moved. The all-zero name stands for "no ref": as `oldOid` to create, as `newOid` to delete. */
export interface RefCommand {
  readonly ref: string;
  readonly oldOid: ObjectId;
  readonly newOid: ObjectId;
}

/** What precedes the pack of a push (gitprotocol-pack, "Reference Update Request and Packfile Transfer"). */
export interface UpdateRequest {
  /** At least one. */
  readonly commands: readonly RefCommand[];
  /** Chosen from those advertised; they go with the first command. */
  readonly capabilities: readonly string[];
  /** Commits whose parents the sender does not have. */
  readonly shallows?: readonly ObjectId[] | undefined;
  /** Sent with the capability `push-options`, and only then; an empty list is the same as none. */
  readonly pushOptions?: readonly string[] | undefined;
}

const doing = 'reading a push request';

/**
 * The request as bytes, freshly allocated, with the section of push options when `capabilities` holds `push-options`.
 * The pack follows, unless every command deletes. `GM_USAGE` for an illegal ref name or push option; `GM_INTERNAL` for
 * no commands, or options without the capability.
 */
export function encodeUpdateRequest(request: UpdateRequest): Uint8Array {
  const { commands, capabilities, pushOptions = [] } = request;
  if (commands.length === 0) throw new GitMirrorError('GM_INTERNAL', 'writing a push request: it has no commands');
  const hasOptions = capabilities.includes('push-options');
  if (pushOptions.length > 0 && !hasOptions) {
    throw new GitMirrorError('GM_INTERNAL', 'writing a push request: push options need the capability push-options');
  }
  const writer = new PacketWriter();
  for (const oid of request.shallows ?? []) writer.line(`shallow ${oid}`);
  // As git writes them: a blank in front of the capabilities, and no LF, on which an old server might trip.
  let suffix = `\0 ${formatCapabilityList(capabilities)}`;
  for (const command of commands) {
    writer.data(`${formatCommand(command)}${suffix}`);
    suffix = '';
  }
  writer.flush();
  if (!hasOptions) return writer.finish();
  for (const option of pushOptions) writer.data(checkedOption(option));
  return writer.flush().finish();
}

function formatCommand({ ref, oldOid, newOid }: RefCommand): string {
  if (isValidRefName(ref)) return `${oldOid} ${newOid} ${ref}`;
  throw new GitMirrorError('GM_USAGE', `writing a push request: "${printableText(ref, 200)}" is not a legal ref name`);
}

function checkedOption(option: string): string {
  if (!option.includes('\n') && !option.includes('\0')) return option;
  throw new GitMirrorError(
    'GM_USAGE',
    `writing a push request: the push option "${printableText(option, 80)}" holds a line end or NUL`,
  );
}

/** An {@link UpdateRequest} as a server reads it: lists are always there. */
export type DecodedUpdateRequest = UpdateRequest & {
  readonly shallows: readonly ObjectId[];
  readonly pushOptions: readonly string[];
};

/**
 * The request in `packets`; undefined when a flush comes first, which is how a client leaves. The iterator is then
 * positioned behind the last flush, where the pack begins. `GM_PROTOCOL` for what git would not take, for an illegal
 * ref name and for a signed push, which is not understood; `GM_OBJECT_FORMAT` for another hash function than `format`;
 * `GM_LIMIT` for more than `maxLines` lines (default `limits.maxRequestLines`).
 */
export function decodeUpdateRequest(
  packets: Iterator<Packet>,
  format: ObjectFormat,
  options: { readonly maxLines?: number } = {},
): DecodedUpdateRequest | undefined {
  const commands: RefCommand[] = [];
  const shallows: ObjectId[] = [];
  let capabilities = Capabilities.parseLines([]);
  for (const payload of section(packets, options.maxLines ?? limits.maxRequestLines)) {
    const nul = payload.indexOf(0);
    const refPart = nul < 0 ? payload : payload.subarray(0, nul);
    if (nul >= 0 && commands.length === 0) {
      capabilities = Capabilities.parseList(textOf(payload.subarray(nul + 1)));
      requireObjectFormat(capabilities, format);
    }
    const line = textOf(refPart);
    if (line.startsWith('shallow ')) {
      const oid = parseOid(line.slice('shallow '.length), format);
      if (oid === undefined) throw badLineError(doing, `shallow and a ${format} name`, line);
      shallows.push(oid);
    } else {
      commands.push(decodeCommand(line, refPart, format));
    }
  }
  if (commands.length === 0) {
    if (shallows.length === 0) return undefined;
    throw new GitMirrorError('GM_PROTOCOL', `${doing}: it has no commands`);
  }
  const pushOptions = capabilities.has('push-options')
    ? [...section(packets, limits.maxPushOptions)].map((payload) => textOf(payload))
    : [];
  return { commands, capabilities: capabilities.formatLines(), shallows, pushOptions };
}

function decodeCommand(line: string, payload: Uint8Array, format: ObjectFormat): RefCommand {
  const length = hexLength(format);
  const oldOid = parseOid(line.slice(0, length), format);
  const newOid = parseOid(line.slice(length + 1, 2 * length + 1), format);
  const ref = line.slice(2 * length + 2);
  const blanks = line.charAt(length) + line.charAt(2 * length + 1);
  if (oldOid === undefined || newOid === undefined || blanks !== '  ' || !isReceivedRefName(ref, payload)) {
    throw badLineError(doing, `two ${format} names and a ref`, line);
  }
  return { ref, oldOid, newOid };
}

/** Payloads up to the next flush, which is taken too. */
function* section(packets: Iterator<Packet>, maxLines: number): Generator<Uint8Array, void, void> {
  for (let lines = 0; ; lines += 1) {
    const packet = packets.next();
    if (packet.done === true) throw new GitMirrorError('GM_PROTOCOL', `${doing}: it ended before its flush packet`);
    if (packet.value.type === 'flush') return;
    if (packet.value.type !== 'data') {
      throw new GitMirrorError('GM_PROTOCOL', `${doing}: a ${packet.value.type} packet has no place in it`);
    }
    if (lines >= maxLines) throw new GitMirrorError('GM_LIMIT', `${doing}: it has more than ${maxLines} lines`);
    yield packet.value.payload;
  }
}
